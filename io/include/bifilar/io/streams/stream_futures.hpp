// Reads and writes of streams of bytes as futures, for sockets, pipes and terminals alike.
// Each keeps one io_wait; buffers stay valid until the future is ready or destroyed.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/drivers/contract/received_bytes.hpp>
#include <bifilar/io/streams/byte_stream.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

namespace bifilar {

/// What a read of a stream does when fewer bytes came than fit, and a write when fewer were taken.
enum class transfer : unsigned char {
    some,   ///< Ready with what one call moved.
    whole,  ///< Goes on. A stream that ends before the buffer is full is answered with ENODATA.
};

/// Ready with how many bytes were read. 0: the stream has ended, or the buffer is empty.
class [[nodiscard]] stream_read_future {
public:
    using output = io_result<std::size_t>;

    stream_read_future(drivers::io_source& from, op_kind kind, std::span<std::byte> into, transfer how,
                       int flags = 0) noexcept
        : wait_{kind, from, flags}, into_{into}, how_{how} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<stream_read_future>(to); }
    /// What the destructor does, for owners that ask finished() afterwards.
    /// Blocks: a moment, until the kernel has let go of the buffers.
    void end() noexcept { wait_.end(); }
    /// The result of a call at rest whose poll was not ready. See accountable_transfer.
    [[nodiscard]] std::optional<output> finished() const noexcept;

private:
    drivers::io_wait wait_;
    std::span<std::byte> into_;
    std::size_t filled_ = 0;
    transfer how_;
};

/// Ready with what has arrived, in a buffer of the pool; empty when the stream has ended.
class [[nodiscard]] stream_receive_future {
public:
    using output = io_result<received_bytes>;

    explicit stream_receive_future(drivers::io_source& from) noexcept : wait_{op_kind::recv_pooled, from} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<stream_receive_future>(to); }

private:
    received_bytes got_;  // Before wait_: the operation ends first.
    drivers::io_wait wait_;
};

/// Ready with how many bytes were taken.
class [[nodiscard]] stream_write_future {
public:
    using output = io_result<std::size_t>;

    stream_write_future(drivers::io_source& to, op_kind kind, std::span<const std::byte> from, transfer how,
                        int flags = 0) noexcept
        : wait_{kind, to, flags}, from_{from}, how_{how} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<stream_write_future>(to); }
    /// What the destructor does, for owners that ask finished() afterwards.
    /// Blocks: a moment, until the kernel has let go of the buffers.
    void end() noexcept { wait_.end(); }
    /// The result of a call at rest whose poll was not ready. See accountable_transfer.
    [[nodiscard]] std::optional<output> finished() const noexcept;

private:
    drivers::io_wait wait_;
    std::span<const std::byte> from_;
    std::size_t taken_ = 0;
    transfer how_;
};

/// Reads into, or writes from, several buffers with one call. Ready with how many bytes were moved. Of more than
/// IOV_MAX (1,024) buffers the first ones are used.
class [[nodiscard]] vector_transfer_future {
public:
    using output = io_result<std::size_t>;

    /// `kind` is read_vector or write_vector for descriptors, recv_message or send_message for sockets.
    vector_transfer_future(drivers::io_source& on, op_kind kind, std::span<const iovec> buffers) noexcept;
    /// What the next call is about. Between calls; the array stays valid like the buffers.
    void set_buffers(std::span<const iovec> buffers) noexcept;
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<vector_transfer_future>(to); }
    /// What the destructor does, for owners that ask finished() afterwards.
    /// Blocks: a moment, until the kernel has let go of the buffers.
    void end() noexcept { wait_.end(); }
    /// The result of a call at rest whose poll was not ready. See accountable_transfer.
    [[nodiscard]] std::optional<output> finished() const noexcept;

private:
    bool is_message_;
    msghdr message_{};  // Before wait_: the operation ends first.
    drivers::io_wait wait_;
};

/// Writes all of several buffers, whose descriptions it moves forward as they are taken.
class [[nodiscard]] vector_write_all_future {
public:
    using output = io_result<std::size_t>;

    vector_write_all_future(drivers::io_source& to, op_kind kind, std::span<iovec> buffers) noexcept
        : left_{without_empty(buffers)}, next_{to, kind, left_} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return next_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { next_.describe_wait(to); }
    /// What the destructor does, for owners that ask finished() afterwards.
    /// Blocks: a moment, until the kernel has let go of the buffers.
    void end() noexcept { next_.end(); }
    /// The result of a call at rest whose poll was not ready. See accountable_transfer.
    [[nodiscard]] std::optional<output> finished() const noexcept;

private:
    static std::span<iovec> without_empty(std::span<iovec> buffers) noexcept;
    void move_forward(std::size_t taken) noexcept;

    std::span<iovec> left_;
    std::size_t taken_ = 0;
    vector_transfer_future next_;
};

static_assert(accountable_transfer<stream_read_future> && accountable_transfer<stream_write_future>);
static_assert(accountable_transfer<vector_transfer_future> && accountable_transfer<vector_write_all_future>);

}  // namespace bifilar
