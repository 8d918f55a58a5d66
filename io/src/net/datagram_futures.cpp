// Datagrams over io_wait.
#include <bifilar/io/net/datagram_futures.hpp>

#include <cstring>
#include <netinet/in.h>
#include <netinet/udp.h>

namespace bifilar {

std::size_t detail::segment_note::read(const msghdr& message) noexcept {
    for (const cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr;
         at = CMSG_NXTHDR(const_cast<msghdr*>(&message), const_cast<cmsghdr*>(at))) {
        // How long each segment is of those that the kernel has put together.
        if (at->cmsg_level != SOL_UDP || at->cmsg_type != UDP_GRO) continue;
        int bytes = 0;
        std::memcpy(&bytes, CMSG_DATA(at), sizeof bytes);
        return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    }
    return 0;
}

polled<io_result<received_datagram>> datagram_receive_future::poll(context& cx) {
    // Here, not in the constructor: the future does not move any more. Once: the kernel may have it afterwards.
    if (message_.msg_iov == nullptr) {
        message_.msg_iov = &into_;
        message_.msg_iovlen = 1;
        if (wants_sender_) {
            message_.msg_name = from_.buffer();
            message_.msg_namelen = socket_address::room;
        }
        note_.attach(message_, wait_.source());
        wait_.set(drivers::call_arguments::of_message(message_));
    }
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    received_datagram got;
    got.bytes = static_cast<std::size_t>(*result);
    got.truncated = (message_.msg_flags & MSG_TRUNC) != 0;
    got.segment_bytes = detail::segment_note::read(message_);
    if (wants_sender_) {
        from_.written(message_.msg_namelen, AF_UNIX);
        got.from = from_;
    }
    return output{got};
}

polled<io_result<std::size_t>> datagram_send_future::poll(context& cx) {
    msghdr& header = message_.msg_hdr;
    // As above: once, and where the future stays.
    if (header.msg_iov == nullptr) {
        header.msg_iov = &from_;
        header.msg_iovlen = 1;
        if (to_.size() != 0) {
            header.msg_name = to_.buffer();
            header.msg_namelen = to_.size();
        }
        using drivers::call_arguments;
        wait_.set(is_one_ ? call_arguments::of_message(header) : call_arguments::of_messages(&message_, 1));
    }
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{is_one_ ? static_cast<std::size_t>(*result) : message_.msg_len};
}

}  // namespace bifilar
