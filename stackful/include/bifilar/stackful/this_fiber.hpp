// What a fiber can ask about itself.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/stackful/detail/fiber.hpp>
#include <cstddef>

namespace bifilar::detail {

/// Throws `cancelled` when the fiber, which was cancelled, is to unwind here.
void unwind_or_yield(stackful::fiber& self);

}  // namespace bifilar::detail

namespace bifilar::this_fiber {

/// Usable bytes of the running fiber's stack; 0 outside of a fiber.
[[nodiscard]] std::size_t stack_size() noexcept;

/// The most bytes of it that were ever in use since the stack was last trimmed; 0 outside of a fiber.
/// Complexity: about 1 us.
[[nodiscard]] std::size_t stack_used() noexcept;

/// As yield_now(): lets other tasks of this worker run first. Yields the processor on a plain thread. Like await, not
/// in functions with a target attribute. Expanded in place, for the reason given at switch.hpp.
/// Throws: `cancelled` where await(yield_now()) does.
/// Suspends: a fiber, once.
[[gnu::always_inline]] inline void yield() {
    stackful::fiber* const self = stackful::fiber::current();
    if (self == nullptr) return base::let_others_run();
    BIFILAR_CHECK(!self->polls(), "a fiber would yield inside a future's poll; co_await yield_now() there");
    if (self->poll_context().cancelling()) [[unlikely]]
        detail::unwind_or_yield(*self);
    self->poll_context().yield();
    self->suspend();
}

}  // namespace bifilar::this_fiber
