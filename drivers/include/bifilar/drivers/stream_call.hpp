// Reads and writes of streams of bytes as futures, for sockets, pipes and terminals alike.
// Each keeps one io_wait; buffers stay valid until the future is ready or destroyed.
#pragma once

#include <bifilar/drivers/io_result.hpp>
#include <bifilar/drivers/io_wait.hpp>
#include <cstddef>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

namespace bifilar {

namespace drivers {
/// Ends a transfer. How many bytes its last call moved that poll had not told.
[[nodiscard]] std::size_t bytes_moved_at_end(io_wait& transfer) noexcept;
}  // namespace drivers

/// What a read of a stream does when fewer bytes came than fit, and a write when fewer were taken.
enum class transfer : unsigned char {
    some,   ///< Ready with what one call moved.
    whole,  ///< Goes on. A stream that ends before the buffer is full is answered with ENODATA.
};

/// Ready with how many bytes were read. 0: the stream has ended, or the buffer is empty.
class [[nodiscard]] stream_read {
public:
    using output = io_result<std::size_t>;

    stream_read(drivers::io_source& from, drivers::op_kind kind, std::span<std::byte> into, transfer how,
                int flags = 0) noexcept
        : wait_{kind, from, flags}, into_{into}, how_{how} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    /// What the destructor does: brings it to rest, for which the thread may block a moment unless poll_cancel has done
    /// it. Answers how many bytes are in the buffer, for those who give it up and must not lose any.
    std::size_t end() noexcept { return filled_ + drivers::bytes_moved_at_end(wait_); }

private:
    drivers::io_wait wait_;
    std::span<std::byte> into_;
    std::size_t filled_ = 0;
    transfer how_;
};

/// Ready with how many bytes were taken.
class [[nodiscard]] stream_write {
public:
    using output = io_result<std::size_t>;

    stream_write(drivers::io_source& to, drivers::op_kind kind, std::span<const std::byte> from, transfer how,
                 int flags = 0) noexcept
        : wait_{kind, to, flags}, from_{from}, how_{how} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    /// As stream_read::end; how many bytes were taken.
    std::size_t end() noexcept { return taken_ + drivers::bytes_moved_at_end(wait_); }

private:
    drivers::io_wait wait_;
    std::span<const std::byte> from_;
    std::size_t taken_ = 0;
    transfer how_;
};

/// Reads into, or writes from, several buffers with one call. Ready with how many bytes were moved. Of more than
/// IOV_MAX (1,024) buffers the first ones are used.
class [[nodiscard]] vector_transfer {
public:
    using output = io_result<std::size_t>;

    /// `kind` is read_vector or write_vector for descriptors, recv_message or send_message for sockets.
    vector_transfer(drivers::io_source& on, drivers::op_kind kind, std::span<const iovec> buffers) noexcept;
    /// What the next call is about. Between calls; the array stays valid like the buffers.
    void set_buffers(std::span<const iovec> buffers) noexcept;
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }

private:
    bool is_message_;
    msghdr message_{};  // Before wait_: the operation ends first.
    drivers::io_wait wait_;
};

/// Writes all of several buffers, whose descriptions it moves forward as they are taken.
class [[nodiscard]] vector_write_all {
public:
    using output = io_result<std::size_t>;

    vector_write_all(drivers::io_source& to, drivers::op_kind kind, std::span<iovec> buffers) noexcept
        : left_{without_empty(buffers)}, next_{to, kind, left_} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return next_.poll_cancel(cx); }

private:
    static std::span<iovec> without_empty(std::span<iovec> buffers) noexcept;
    void move_forward(std::size_t taken) noexcept;

    std::span<iovec> left_;
    std::size_t taken_ = 0;
    vector_transfer next_;
};

}  // namespace bifilar
