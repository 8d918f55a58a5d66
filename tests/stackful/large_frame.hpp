// A frame larger than many a fiber's stack, of which only the lowest byte is written; and a fiber that has such a one.
#pragma once

#include "last_words.hpp"

#include <bifilar/stackful/detail/overflow.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>
#include <bifilar/stackful/detail/switch.hpp>

#include <array>
#include <cstddef>

namespace tests {

inline constexpr std::size_t large_frame_bytes = std::size_t{200} << 10;

// Static, for how it is compiled is the including file's affair.
[[gnu::noinline, maybe_unused]] static void write_below() {
    std::array<char, large_frame_bytes> frame;
    asm volatile("" : : "r"(frame.data()) : "memory");
    frame.front() = 1;
    asm volatile("" : : "r"(frame.data()) : "memory");  // Somebody might look.
}

// The last words of a process in which a fiber of 16 KiB calls `frame`, with the guards that `options` ask for.
inline last_words dies_in(void (*frame)(), const bifilar::stackful::stack_pool_options& options) {
    using namespace bifilar::stackful;
    return dies([&] {
        stack_pool pool{options};
        // Stacks lie one above the other, so the frame of the last one ends in the others.
        constexpr std::size_t enough = 2 * large_frame_bytes / (std::size_t{16} << 10);
        std::array<stack_view, enough> stacks;
        for (stack_view& each : stacks) each = pool.take(std::size_t{16} << 10);
        const overflow_watch watch{[](void* last) noexcept {
                                       return running_fiber{*static_cast<stack_view*>(last), "wide", "frame.cpp", 7};
                                   },
                                   &stacks.back()};
        fiber_context context;
        context.prepare(
            stacks.back().top, stacks.back().size(), [](void* what) noexcept { (*static_cast<void (**)()>(what))(); },
            &frame);
        context.resume();
    });
}

}  // namespace tests
