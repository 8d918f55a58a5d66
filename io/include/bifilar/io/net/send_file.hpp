// A file's bytes into a socket, without a way through the process.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/io/files/file.hpp>
#include <bifilar/io/net/socket_stream.hpp>
#include <cstdint>

namespace bifilar {

/// Ready with how many bytes were sent: fewer than asked for when the file ends before. See send_file.
class [[nodiscard]] send_file_future {
public:
    using output = io_result<std::uint64_t>;

    send_file_future(drivers::io_source& to, detail::file_handle& from, std::uint64_t offset,
                     std::uint64_t bytes) noexcept;
    send_file_future(send_file_future&&) noexcept = default;
    send_file_future& operator=(send_file_future&&) = delete;
    ~send_file_future();
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;
    void describe_wait(task_visitor& to) const noexcept {
        if (now_ == step::fetch)
            fetch_.describe<send_file_future>(to);
        else
            send_.describe<send_file_future>(to);
    }

private:
    // What the file's own waits are about: parts of this size.
    static constexpr std::uint64_t part_bytes = std::uint64_t{1} << 20U;

    enum class step : unsigned char {
        look,     ///< Whether the next part is in the page cache.
        fetch,    ///< A thread brings it there.
        prepare,  ///< It is there.
        send,     ///< The socket's driver may use part_.
    };
    [[nodiscard]] bool in_cache() const noexcept;
    void leave() noexcept;

    detail::file_handle* from_;
    std::uint64_t offset_;
    std::uint64_t left_;
    std::uint64_t sent_ = 0;
    std::uint64_t fetched_until_ = 0;  // Where the part ends that is in the page cache.
    step now_ = step::look;
    bool entered_ = false;       // The file counts this call.
    drivers::file_part part_{};  // Before the waits: they end first.
    detail::file_wait fetch_;
    drivers::io_wait send_;
};

/// Sends `bytes` of the file from `offset`, or up to its end. Both stay open and the socket's writing side is in use
/// until the future is ready or destroyed.
///
/// Errors: those of the socket's writes, and of the file's reads; EINVAL for an offset of 2^63 or more.
/// Cancellation: an unknown part has been sent, as after a failure.
/// Suspends: while the socket has no room, and while a part of the file comes from the disk, by a thread of the
/// blocking pool.
/// Blocks: a plain thread, for the disk; a worker, where only the middle of a part of 1 MiB is not in the page cache.
[[nodiscard]] send_file_future send_file(socket_stream& to, const file& from, std::uint64_t offset,
                                         std::uint64_t bytes);

}  // namespace bifilar
