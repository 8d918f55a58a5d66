// Bytes of stream sockets: what servers do for each request, in line with what it is done for. A system call leaves
// little of the program in the processor's caches: each function that is returned through behind it has to be fetched
// anew.
#pragma once

#include "op_traits.hpp"
#include "operation_list.hpp"
#include "system_call.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <algorithm>
#include <liburing.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bifilar::drivers {

// glibc's recv and send surround the call by two locked operations for pthread_cancel, of which no call here is a
// point, because none waits. The sanitizers see glibc's alone.
#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
inline int receive_now(int descriptor, void* into, std::size_t bytes, int flags) noexcept {
    return result_of(::recv(descriptor, into, std::min(bytes, max_per_call), flags | MSG_DONTWAIT));
}
inline int send_now(int descriptor, const void* from, std::size_t bytes, int flags) noexcept {
    return result_of(::send(descriptor, from, std::min(bytes, max_per_call), flags | MSG_DONTWAIT | MSG_NOSIGNAL));
}
#else
template <class Buffer>
[[gnu::always_inline]] inline int transfer_now(long number, int descriptor, Buffer* buffer, std::size_t bytes,
                                               int flags) noexcept {
    bytes = std::min(bytes, max_per_call);
#if defined(__x86_64__)
    register long fourth asm("r10") = flags;
    register long no_address asm("r8") = 0;
    register long no_size asm("r9") = 0;
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(static_cast<long>(descriptor)), "S"(buffer), "d"(bytes), "r"(fourth), "r"(no_address),
                   "r"(no_size)
                 : "rcx", "r11", "memory");
    return static_cast<int>(number);
#else
    return result_of(::syscall(number, descriptor, buffer, bytes, flags, nullptr, 0));
#endif
}
inline int receive_now(int descriptor, void* into, std::size_t bytes, int flags) noexcept {
    return transfer_now(SYS_recvfrom, descriptor, into, bytes, flags | MSG_DONTWAIT);
}
inline int send_now(int descriptor, const void* from, std::size_t bytes, int flags) noexcept {
    return transfer_now(SYS_sendto, descriptor, from, bytes, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
}
#endif

struct recv_operation {
    static constexpr op_kind kind = op_kind::recv;
    static constexpr argument_kind has = argument_kind::bytes;
    static constexpr ring_wait waits = ring_wait::call;
    static int call(const op& which) noexcept {
        return receive_now(which.source->descriptor(), which.arguments.buffer(), which.arguments.bytes(), which.flags);
    }
    template <class Buffers>
    static bool prepare(io_uring_sqe& entry, const op& which, Buffers&) noexcept {
        io_uring_prep_recv(&entry, which.source->descriptor(), which.arguments.buffer(),
                           ring_bytes(which.arguments.bytes()), which.flags);
        return true;
    }
};

struct recv_pooled_operation {
    static constexpr op_kind kind = op_kind::recv_pooled;
    static constexpr argument_kind has = argument_kind::target;
    static constexpr ring_wait waits = ring_wait::call;
    static int call(const op& which) noexcept {
        BIFILAR_ASSERT(which.on != nullptr, "who starts a recv_pooled lends the buffer");
        buffer_pool& from = which.on->buffers();
        const int number = from.take();
        if (number < 0) [[unlikely]]
            return call_on_heap(which);
        const auto place = static_cast<std::uint32_t>(number);
        const int result =
            receive_now(which.source->descriptor(), from.address(place), which.arguments.bytes(), 0);
        if (result > 0) [[likely]]
            which.arguments.target() = from.lend(place, static_cast<std::size_t>(result));
        else
            from.give_back(from.address(place));
        return result;
    }
    /// Without a buffer to offer it waits for readiness; the call finds one, of the heap if need be.
    template <class Buffers>
    static bool prepare(io_uring_sqe& entry, const op& which, Buffers& buffers) noexcept {
        if (!buffers.offers()) return false;
        io_uring_prep_recv(&entry, which.source->descriptor(), nullptr, ring_bytes(which.arguments.bytes()), 0);
        buffers.select_for(entry);
        return true;
    }

private:
    /// All of the pool's are lent.
    static int call_on_heap(const op& which) noexcept;
};

/// Each completion brings what came, up to the size of a buffer.
struct recv_multishot_operation {
    static constexpr op_kind kind = op_kind::recv_multishot;
    static constexpr argument_kind has = argument_kind::target;
    static constexpr ring_wait waits = ring_wait::multishot;
    template <class Buffers>
    static bool prepare(io_uring_sqe& entry, const op& which, Buffers& buffers) noexcept {
        buffers.refill();
        io_uring_prep_recv_multishot(&entry, which.source->descriptor(), nullptr, 0, 0);
        buffers.select_for(entry);
        return true;
    }
};

struct send_operation {
    static constexpr op_kind kind = op_kind::send;
    static constexpr argument_kind has = argument_kind::bytes;
    static constexpr ring_wait waits = ring_wait::call;
    static int call(const op& which) noexcept {
        return send_now(which.source->descriptor(), which.arguments.buffer(), which.arguments.bytes(), which.flags);
    }
    template <class Buffers>
    static bool prepare(io_uring_sqe& entry, const op& which, Buffers&) noexcept {
        io_uring_prep_send(&entry, which.source->descriptor(), which.arguments.buffer(),
                           ring_bytes(which.arguments.bytes()), MSG_NOSIGNAL | which.flags);
        return true;
    }
};

using stream_operations =
    operation_list<recv_operation, recv_pooled_operation, recv_multishot_operation, send_operation>;

}  // namespace bifilar::drivers
