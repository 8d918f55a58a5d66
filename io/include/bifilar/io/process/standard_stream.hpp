// Standard input, output and error, and other descriptors that were inherited and may be shared with other processes.
// They may be pipes, sockets, terminals, files or devices; their O_NONBLOCK flag is left as it is. Terminals are opened
// once more; where that is refused, and for pipes before Linux 6.4, a call may wait when others use the same stream.
#pragma once

#include <bifilar/io/streams/stream_futures.hpp>

namespace bifilar {

namespace detail {
struct stream_access;
}

/// What input_stream and output_stream have in common. Move-only; not while an operation on it is in flight.
/// Throws: the first wait of a plain thread, where it can have no driver: std::system_error, std::bad_alloc.
/// Errors: the system's codes; EBUSY for a second operation while one waits; ENOMEM, ENOSPC or ENOBUFS when the driver
/// cannot wait.
/// Thread: one operation may wait at a time.
class inherited_stream {
public:
    /// That of the operations: a copy's, that of a terminal opened once more, or 0, 1 or 2. -1 after a move.
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

protected:
    explicit inherited_stream(int descriptor);
    inherited_stream(inherited_stream&&) noexcept = default;
    inherited_stream& operator=(inherited_stream&&) noexcept = default;
    ~inherited_stream() = default;

    [[nodiscard]] drivers::io_source& source() const noexcept;
    /// Whether plain calls do: files on disks never answer EAGAIN, and a terminal was opened once more, non-blocking.
    [[nodiscard]] bool takes_plain_calls() const noexcept { return takes_plain_calls_; }

private:
    drivers::source_ptr source_;
    bool takes_plain_calls_;
};

/// The stream to read from.
/// Cancellation: also when it is destroyed, what a read had received by then is lost, that of read_exact as well; one
/// that still waited has received nothing.
/// Suspends: until there is something, or the stream ends, where it is no file or block device.
/// Blocks: the calling thread, for the disk, in reads of files and block devices.
class input_stream : public inherited_stream {
public:
    /// A copy of an open descriptor, closed at exec.
    /// Throws: std::bad_alloc.
    /// Errors: EBADF: it is not open; EMFILE.
    [[nodiscard]] static io_result<input_stream> duplicate(int descriptor);

    /// Reads what is there, at least one byte, into `into`. 0: the end, or `into` is empty.
    [[nodiscard]] stream_read_future read(std::span<std::byte> into) noexcept {
        return {source(), kind(), into, transfer::some};
    }
    /// Reads until `into` is full.
    /// Errors: ENODATA when the stream ends before.
    [[nodiscard]] stream_read_future read_exact(std::span<std::byte> into) noexcept {
        return {source(), kind(), into, transfer::whole};
    }

private:
    // standard_input makes the one of descriptor 0, which no application can take over.
    friend struct detail::stream_access;
    explicit input_stream(int descriptor) : inherited_stream{descriptor} {}
    [[nodiscard]] op_kind kind() const noexcept {
        return takes_plain_calls() ? op_kind::read : op_kind::read_ready;
    }
};

/// The stream to write to.
/// Errors: of writes, EPIPE, which is a value, as of a pipe_writer.
/// Suspends: until there is room, where it is no file or block device.
/// Blocks: the calling thread, in writes to files and block devices.
class output_stream : public inherited_stream {
public:
    /// As input_stream::duplicate.
    [[nodiscard]] static io_result<output_stream> duplicate(int descriptor);

    /// Writes what fits now, at least one byte of `from`. Nothing is kept back in a buffer.
    [[nodiscard]] stream_write_future write(std::span<const std::byte> from) noexcept {
        return {source(), kind(), from, transfer::some};
    }
    /// Writes all of `from`.
    /// Cancellation: an unknown part has been written, as after a failure.
    [[nodiscard]] stream_write_future write_all(std::span<const std::byte> from) noexcept {
        return {source(), kind(), from, transfer::whole};
    }

private:
    // standard_output and standard_error make those of descriptors 1 and 2, which no application can take over.
    friend struct detail::stream_access;
    explicit output_stream(int descriptor);
    [[nodiscard]] op_kind kind() const noexcept {
        return takes_plain_calls() ? op_kind::write : op_kind::write_ready;
    }
};

/// Descriptors 0, 1 and 2 of the process, which stay open. What they are is looked up at the first call; who leads them
/// elsewhere does it before. What C's and C++'s streams keep in their buffers is theirs.
/// Throws: std::bad_alloc, by the first call.
/// Errors: of their operations, EBADF when they were closed.
/// Thread: any.
[[nodiscard]] input_stream& standard_input();
[[nodiscard]] output_stream& standard_output();
[[nodiscard]] output_stream& standard_error();

}  // namespace bifilar
