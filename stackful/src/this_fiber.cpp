// this_fiber over fiber::current.
#include <bifilar/stackful/this_fiber.hpp>

#include <bifilar/stackful/detail/fiber.hpp>

namespace bifilar {

void detail::unwind_or_yield(stackful::fiber& self) {
    // Said before the suspension, for whoever describes the task meanwhile.
    self.wait_on(stackful::yielding);
    if (self.unwinds()) self.unwind();
}

namespace this_fiber {

std::size_t stack_size() noexcept {
    const auto* const self = stackful::fiber::current();
    return self != nullptr ? self->stack().size() : 0;
}

std::size_t stack_used() noexcept {
    const auto* const self = stackful::fiber::current();
    return self != nullptr ? stackful::stack_used(self->stack()) : 0;
}

}  // namespace this_fiber
}  // namespace bifilar
