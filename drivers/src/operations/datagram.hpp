// Messages of sockets: datagrams, several buffers at once, descriptors.
#pragma once

#include "op_traits.hpp"
#include "operation_list.hpp"
#include "system_call.hpp"

#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <liburing.h>
#include <sys/socket.h>

namespace bifilar::drivers {

struct recv_message_operation {
    static constexpr op_kind kind = op_kind::recv_message;
    static constexpr argument_kind has = argument_kind::message;
    static constexpr ring_wait waits = ring_wait::call;
    static int call(const op& which) noexcept {
        return result_of(::recvmsg(which.source->descriptor(), &which.arguments.message(),
                                   MSG_DONTWAIT | MSG_CMSG_CLOEXEC | which.flags));
    }
    template <class Buffers>
    static bool prepare(io_uring_sqe& entry, const op& which, Buffers&) noexcept {
        io_uring_prep_recvmsg(&entry, which.source->descriptor(), &which.arguments.message(),
                              static_cast<unsigned>(MSG_CMSG_CLOEXEC | which.flags));
        return true;
    }
};

struct send_message_operation {
    static constexpr op_kind kind = op_kind::send_message;
    static constexpr argument_kind has = argument_kind::message;
    static constexpr ring_wait waits = ring_wait::call;
    static int call(const op& which) noexcept {
        return result_of(::sendmsg(which.source->descriptor(), &which.arguments.message(),
                                   MSG_DONTWAIT | MSG_NOSIGNAL | which.flags));
    }
    template <class Buffers>
    static bool prepare(io_uring_sqe& entry, const op& which, Buffers&) noexcept {
        io_uring_prep_sendmsg(&entry, which.source->descriptor(), &which.arguments.message(),
                              static_cast<unsigned>(MSG_NOSIGNAL | which.flags));
        return true;
    }
};

struct recv_many_operation {
    static constexpr op_kind kind = op_kind::recv_many;
    static constexpr argument_kind has = argument_kind::messages;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return result_of(::recvmmsg(which.source->descriptor(), which.arguments.messages(),
                                    static_cast<unsigned>(which.arguments.count()), MSG_DONTWAIT | MSG_CMSG_CLOEXEC,
                                    nullptr));
    }
};

struct send_many_operation {
    static constexpr op_kind kind = op_kind::send_many;
    static constexpr argument_kind has = argument_kind::messages;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        return result_of(::sendmmsg(which.source->descriptor(), which.arguments.messages(),
                                    static_cast<unsigned>(which.arguments.count()), MSG_DONTWAIT | MSG_NOSIGNAL));
    }
};

using datagram_operations =
    operation_list<recv_message_operation, send_message_operation, recv_many_operation, send_many_operation>;

}  // namespace bifilar::drivers
