// Pipes: a stream of bytes from one end to the other, between tasks, threads or processes. Named ones (FIFOs) too.
// Built on stream_futures.hpp; both ends are non-blocking and are closed at exec.
#pragma once

#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/streams/stream_futures.hpp>
#include <string>
#include <utility>

namespace bifilar {

namespace detail {
struct stream_access;
}

/// What both ends have in common. Move-only; not while an operation on it is in flight.
/// Throws: the first wait of a plain thread, where it can have no driver: std::system_error, std::bad_alloc.
/// Errors: the system's codes; EBUSY for a second operation while one waits; ENOMEM, ENOSPC or ENOBUFS when the driver
/// cannot wait.
/// Thread: one operation may wait at a time.
/// Suspends: reads, until there is something or no writer is left; writes, until there is room or no reader is left.
class pipe_end {
public:
    /// Bytes that fit in before a write has to wait; 65,536 unless changed.
    /// Errors: fcntl(2)'s.
    [[nodiscard]] io_result<std::size_t> capacity() const noexcept;
    /// Asks for room for `bytes`; the kernel rounds up to pages, and to a power of two. What it gave comes back.
    /// Errors: EPERM above the limit for ordinary users, fs.pipe-max-size; EBUSY when more than that is in the pipe
    /// now.
    io_result<std::size_t> set_capacity(std::size_t bytes) noexcept;
    /// Closes now. No operation may be in flight.
    void close() noexcept { source_.reset(); }
    /// -1 after close() or a move.
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

protected:
    explicit pipe_end(owned_descriptor descriptor);
    pipe_end(const pipe_end&) = delete;  // An end of a pipe has one owner: std::move it.
    pipe_end(pipe_end&&) noexcept = default;
    pipe_end& operator=(pipe_end&&) noexcept = default;
    ~pipe_end() = default;

    [[nodiscard]] drivers::io_source& source() const noexcept;

private:
    drivers::source_ptr source_;
};

/// The end to read from.
/// Cancellation: also when it is destroyed, what a read had received by then is lost, that of read_exact as well; one
/// that still waited has received nothing.
class pipe_reader : public pipe_end {
public:
    /// Takes over the reading end of a pipe, whose open file description becomes non-blocking for all who share it.
    /// Throws: std::bad_alloc; it is closed then.
    /// Errors: fcntl(2)'s, such as EBADF; it is closed then as well.
    [[nodiscard]] static io_result<pipe_reader> adopt(owned_descriptor descriptor);
    /// Opens the FIFO at `path`, at once, whether anybody has it open for writing or not. Without a writer its reads
    /// answer 0, as at the end.
    /// Throws: std::bad_alloc.
    /// Errors: EINVAL when `path` is no FIFO, else those of open(2).
    /// Blocks: for the file system alone.
    [[nodiscard]] static io_result<pipe_reader> open(const std::string& path);

    /// Reads what is there, at least one byte, into `into`. 0: no writer is left, or `into` is empty.
    [[nodiscard]] stream_read_future read(std::span<std::byte> into) noexcept {
        return {source(), op_kind::read, into, transfer::some};
    }
    /// Reads until `into` is full.
    /// Errors: ENODATA when the stream ends before.
    [[nodiscard]] stream_read_future read_exact(std::span<std::byte> into) noexcept {
        return {source(), op_kind::read, into, transfer::whole};
    }
    /// As read, into several buffers in turn. The descriptions stay valid until the future is ready or destroyed.
    [[nodiscard]] vector_transfer_future read_vectored(std::span<const iovec> into) noexcept {
        return {source(), op_kind::read_vector, into};
    }

private:
    // make_pipe makes one of an end that is non-blocking already, and splice waits for its source.
    friend struct detail::stream_access;
    explicit pipe_reader(owned_descriptor descriptor) : pipe_end{std::move(descriptor)} {}
};

/// The end to write to. SIGPIPE ends nobody: from the first pipe_writer of a process on, SIGPIPE has a handler that
/// does nothing where its disposition was the default. Programs that the process executes have the default again.
/// Errors: of writes, EPIPE without a reader.
class pipe_writer : public pipe_end {
public:
    /// Takes over the writing end of a pipe, as pipe_reader::adopt the other one.
    [[nodiscard]] static io_result<pipe_writer> adopt(owned_descriptor descriptor);
    /// Opens the FIFO at `path` at once.
    /// Throws: std::bad_alloc.
    /// Errors: ENXIO when nobody has it open for reading; EINVAL when `path` is no FIFO, else those of open(2).
    /// Blocks: for the file system alone.
    [[nodiscard]] static io_result<pipe_writer> open(const std::string& path);

    /// Writes what fits now, at least one byte of `from`. Up to PIPE_BUF (4,096) bytes are written all or not at all,
    /// and not mixed with those of other writers.
    [[nodiscard]] stream_write_future write(std::span<const std::byte> from) noexcept {
        return {source(), op_kind::write, from, transfer::some};
    }
    /// Writes all of `from`.
    /// Cancellation: an unknown part has been written, as after a failure.
    [[nodiscard]] stream_write_future write_all(std::span<const std::byte> from) noexcept {
        return {source(), op_kind::write, from, transfer::whole};
    }
    /// As write, from several buffers in turn.
    [[nodiscard]] vector_transfer_future write_vectored(std::span<const iovec> from) noexcept {
        return {source(), op_kind::write_vector, from};
    }
    /// As write_all, from several buffers in turn, whose descriptions it moves forward.
    [[nodiscard]] vector_write_all_future write_all_vectored(std::span<iovec> from) noexcept {
        return {source(), op_kind::write_vector, from};
    }

private:
    // make_pipe makes one of an end that is non-blocking already, and splice waits for its source.
    friend struct detail::stream_access;
    explicit pipe_writer(owned_descriptor descriptor);
};

/// A new pipe. Does not block.
/// Throws: std::bad_alloc.
/// Errors: EMFILE and ENFILE when there is no room for two descriptors.
[[nodiscard]] io_result<std::pair<pipe_reader, pipe_writer>> make_pipe();

}  // namespace bifilar
