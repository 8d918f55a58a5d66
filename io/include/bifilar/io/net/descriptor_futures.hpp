// Descriptors on their way from one process to another, along with bytes of a Unix stream, as futures.
// Each keeps one io_wait and room for the most descriptors that a message takes; waiting allocates nothing.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <array>
#include <cstddef>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>
#include <vector>

namespace bifilar {

/// What one message may carry: the kernel's limit.
inline constexpr std::size_t max_descriptors = 253;

/// Bytes, and the descriptors that came with them.
struct received_descriptors {
    std::size_t bytes = 0;  ///< In the buffer. 0: the peer has ended its side, or the buffer is empty.
    std::vector<owned_descriptor> descriptors;  ///< Close-on-exec.
    /// Some were lost and are closed: this process has no room for more, as EMFILE says elsewhere. Raise the limit on
    /// open files, or close some.
    bool truncated = false;
};

namespace detail {

/// Room for descriptors, and for credentials, which come before them where SO_PASSCRED is set.
using descriptor_room = std::array<std::byte, CMSG_SPACE(sizeof(int) * max_descriptors) + CMSG_SPACE(sizeof(ucred))>;

}  // namespace detail

/// Ready with how many bytes were taken, which is all of them. The descriptors go with the first byte.
class [[nodiscard]] descriptor_send_future {
public:
    using output = io_result<std::size_t>;

    descriptor_send_future(drivers::io_source& to, std::span<const std::byte> from,
                           std::span<const int> descriptors) noexcept
        : from_{const_cast<std::byte*>(from.data()), from.size()},  // The kernel only reads from there.
          descriptors_{descriptors},
          wait_{op_kind::send_message, to} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<descriptor_send_future>(to); }

private:
    void write_descriptors() noexcept;

    iovec from_;  // Before wait_, like the others: the operation ends first.
    std::span<const int> descriptors_;
    std::size_t taken_ = 0;
    alignas(cmsghdr) detail::descriptor_room room_;
    msghdr message_{};
    drivers::io_wait wait_;
};

/// Ready with bytes and the descriptors that came with them.
/// Cancellation: also when it is destroyed, the descriptors of a message that was received by then are closed, and its
/// bytes are lost.
class [[nodiscard]] descriptor_receive_future {
public:
    using output = io_result<received_descriptors>;

    descriptor_receive_future(drivers::io_source& from, std::span<std::byte> into) noexcept
        : into_{into.data(), into.size()}, wait_{op_kind::recv_message, from} {}
    descriptor_receive_future(descriptor_receive_future&&) noexcept = default;
    descriptor_receive_future& operator=(descriptor_receive_future&&) = delete;
    ~descriptor_receive_future();

    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<descriptor_receive_future>(to); }

private:
    iovec into_;  // Before wait_, like the others: the operation ends first.
    alignas(cmsghdr) detail::descriptor_room room_;
    msghdr message_{};
    drivers::io_wait wait_;
};

}  // namespace bifilar
