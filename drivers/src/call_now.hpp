// The calls that servers make for each request, in line with what they are made for. A system call leaves little of the
// program in the processor's caches: each function that is returned through behind it has to be fetched anew.
#pragma once

#include "answer.hpp"

#include <bifilar/base/assert.hpp>
#include <bifilar/base/sanitizer.hpp>
#include <bifilar/drivers/driver.hpp>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bifilar::drivers {

// glibc's recv and send surround the call by two locked operations for pthread_cancel, of which no call here is a
// point, because none waits. The sanitizers see glibc's alone.
#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
inline int receive_now(int descriptor, void* into, std::size_t bytes, int flags) noexcept {
    return answer(::recv(descriptor, into, std::min(bytes, most_per_call), flags | MSG_DONTWAIT));
}
inline int send_now(int descriptor, const void* from, std::size_t bytes, int flags) noexcept {
    return answer(::send(descriptor, from, std::min(bytes, most_per_call), flags | MSG_DONTWAIT | MSG_NOSIGNAL));
}
#else
template <class Buffer>
[[gnu::always_inline]] inline int transfer_now(long number, int descriptor, Buffer* buffer, std::size_t bytes,
                                               int flags) noexcept {
    bytes = std::min(bytes, most_per_call);
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
    return answer(::syscall(number, descriptor, buffer, bytes, flags, nullptr, 0));
#endif
}
inline int receive_now(int descriptor, void* into, std::size_t bytes, int flags) noexcept {
    return transfer_now(SYS_recvfrom, descriptor, into, bytes, flags | MSG_DONTWAIT);
}
inline int send_now(int descriptor, const void* from, std::size_t bytes, int flags) noexcept {
    return transfer_now(SYS_sendto, descriptor, from, bytes, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
}
#endif

/// For a recv_lent that finds all buffers lent: one of the heap. In io_source.cpp.
[[nodiscard]] int receive_on_heap(const op& which) noexcept;
/// What is not for each request. In io_source.cpp.
[[nodiscard]] int call_others(const op& which) noexcept;

inline int receive_lent(const op& which) noexcept {
    BIFILAR_ASSERT(which.on != nullptr, "who starts a recv_lent lends the buffer");
    lent_buffers& from = which.on->buffers();
    const int number = from.take();
    if (number < 0) [[unlikely]]
        return receive_on_heap(which);
    const auto place = static_cast<std::uint32_t>(number);
    const int result = receive_now(which.source->descriptor(), from.address(place), which.bytes, 0);
    if (result > 0) [[likely]]
        *static_cast<received_bytes*>(which.buffer) = from.lend(place, static_cast<std::size_t>(result));
    else
        from.give_back(from.address(place));
    return result;
}

/// try_now, in line.
[[gnu::always_inline]] inline int call_now(const op& which) noexcept {
    for (;;) {
        int result = 0;
        if (which.kind == op_kind::recv_lent)
            result = receive_lent(which);
        else if (which.kind == op_kind::send)
            result = send_now(which.source->descriptor(), which.buffer, which.bytes, which.flags);
        else if (which.kind == op_kind::recv)
            result = receive_now(which.source->descriptor(), which.buffer, which.bytes, which.flags);
        else
            result = call_others(which);
        if (result != -EINTR) [[likely]]
            return result;
    }
}

/// Makes the call if it may succeed at once. The result, or what would_wait() is true of. Under the source's lock.
[[gnu::always_inline]] inline int attempt(const op& which) noexcept {
    io_source& source = *which.source;
    if (const int no = source.refusal(which.kind); no != 0) return no;
    const int result = call_now(which);
    source.learn(which, result);
    return result;
}

}  // namespace bifilar::drivers
