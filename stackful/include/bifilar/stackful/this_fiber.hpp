// What a fiber can ask about itself.
#pragma once

#include <cstddef>

namespace bifilar::this_fiber {

/// Usable bytes of the running fiber's stack; 0 outside of a fiber.
[[nodiscard]] std::size_t stack_size() noexcept;

/// The most bytes of it that were ever in use since the stack was last trimmed; 0 outside of a fiber. About 1 us.
[[nodiscard]] std::size_t stack_used() noexcept;

/// Lets the other tasks of this worker run first. Suspends a fiber; yields the processor on a plain thread.
void yield() noexcept;

}  // namespace bifilar::this_fiber
