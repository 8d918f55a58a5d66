// Sending and receiving one datagram, as futures, for UDP and Unix sockets alike.
// Each keeps one io_wait and the message's description; buffers stay valid until the future is ready or destroyed.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/io/address/socket_address.hpp>
#include <array>
#include <cstddef>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

namespace bifilar {

/// What came.
struct received_datagram {
    std::size_t bytes = 0;          ///< In the buffer. 0 is a datagram as well: there is no end.
    socket_address from;            ///< No address where it was not asked for.
    bool truncated = false;         ///< The datagram was longer than the buffer, and the rest of it is lost.
    std::size_t segment_bytes = 0;  ///< Not 0: several datagrams of this size, the last may be shorter, in a row. UDP
                                    ///< with set_coalescing alone.
};

namespace detail {

/// Room for what the kernel tells besides the bytes: the size of segments.
class segment_note {
public:
    /// Tells the kernel of the room, where the socket tells of segments at all.
    void attach(msghdr& message, const drivers::io_source& from) noexcept {
        message.msg_control = from.tells_segments ? room_.data() : nullptr;
        message.msg_controllen = from.tells_segments ? room_.size() : 0;
    }
    /// What it wrote there; 0 when nothing.
    [[nodiscard]] static std::size_t read(const msghdr& message) noexcept;

private:
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> room_{};
};

}  // namespace detail

/// Ready with one datagram.
/// Cancellation: a datagram that was received by then is lost; one that was only peeked at stays.
class [[nodiscard]] datagram_receive_future {
public:
    using output = io_result<received_datagram>;

    /// Whether the output says who sent it.
    enum class sender : unsigned char { told, untold };
    /// `flags`: MSG_PEEK.
    datagram_receive_future(drivers::io_source& from, std::span<std::byte> into, sender which, int flags = 0) noexcept
        : into_{into.data(), into.size()},
          wants_sender_{which == sender::told},
          wait_{op_kind::recv_message, from, flags} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<datagram_receive_future>(to); }

private:
    iovec into_;  // Before wait_, like the others: the operation ends first.
    bool wants_sender_;
    socket_address from_;
    detail::segment_note note_;
    msghdr message_{};
    drivers::io_wait wait_;
};

/// Ready with the number of bytes, which is all of them, once the kernel has taken the datagram.
/// Cancellation: it was sent or not, never in part.
class [[nodiscard]] datagram_send_future {
public:
    using output = io_result<std::size_t>;

    /// To whom the socket is connected. `kind`: send_message, or send_many for Unix sockets, whose queue may be full
    /// when the bytes are copied already: a ring's call would then go on without them (seen in Linux 6.18).
    datagram_send_future(drivers::io_source& on, op_kind kind, std::span<const std::byte> from) noexcept
        : from_{const_cast<std::byte*>(from.data()), from.size()},  // The kernel only reads from there.
          is_one_{kind == op_kind::send_message},
          wait_{kind, on} {}
    datagram_send_future(drivers::io_source& on, op_kind kind, std::span<const std::byte> from,
                         const socket_address& to) noexcept
        : datagram_send_future{on, kind, from} {
        to_ = to;
    }
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<datagram_send_future>(to); }

private:
    iovec from_;  // Before wait_, like the others: the operation ends first.
    bool is_one_;  // As opposed to one of several that a call sends.
    socket_address to_;
    mmsghdr message_{};
    drivers::io_wait wait_;
};

}  // namespace bifilar
