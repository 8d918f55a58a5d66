// How connections begin: accepted from a listener, or made.
#pragma once

#include "op_traits.hpp"
#include "operation_list.hpp"
#include "shared_call.hpp"
#include "system_call.hpp"

#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>

namespace bifilar::drivers {

struct accept_operation {
    static constexpr op_kind kind = op_kind::accept;
    static constexpr argument_kind has = argument_kind::none;
    static constexpr ring_wait waits = ring_wait::readiness;
    /// Tells of a listener that was shut down.
    static constexpr short events = POLLIN | POLLRDHUP;
    static int call(const op& which) noexcept {
        // A Unix listener that was shut down tells those who poll it, but not an accept that does not block.
        const int result = result_of(::accept4(which.source->descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
        return would_wait(result) && which.source->hung_up ? -EINVAL : result;
    }
};

struct accept_multishot_operation {
    static constexpr op_kind kind = op_kind::accept_multishot;
    static constexpr argument_kind has = argument_kind::none;
    static constexpr ring_wait waits = ring_wait::multishot;
    template <class Buffers>
    static bool prepare(io_uring_sqe& entry, const op& which, Buffers&) noexcept {
        io_uring_prep_multishot_accept(&entry, which.source->descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
        return true;
    }
};

struct connect_operation {
    static constexpr op_kind kind = op_kind::connect;
    static constexpr argument_kind has = argument_kind::none;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept {
        const int descriptor = which.source->descriptor();
        // The error second: one that comes in between is told. The other way round a refusal in between would look like
        // a connection.
        if (const int ready = ready_for(descriptor, POLLOUT); ready != 0) return ready;
        int error = 0;
        socklen_t bytes = sizeof error;
        return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 ? -error : -errno;
    }
};

using connection_operations = operation_list<accept_operation, accept_multishot_operation, connect_operation>;

}  // namespace bifilar::drivers
