// this_fiber over fiber::current.
#include <bifilar/stackful/this_fiber.hpp>

#include <bifilar/base/spin_lock.hpp>
#include <bifilar/stackful/fiber.hpp>

namespace bifilar::this_fiber {

std::size_t stack_size() noexcept {
    const auto* const self = stackful::fiber::current();
    return self != nullptr ? self->stack().size() : 0;
}

std::size_t stack_used() noexcept {
    const auto* const self = stackful::fiber::current();
    return self != nullptr ? stackful::stack_used(self->stack()) : 0;
}

void yield() noexcept {
    auto* const self = stackful::fiber::current();
    if (self == nullptr) return base::yield_thread();
    self->poll_context().yield();
    self->suspend();
}

}  // namespace bifilar::this_fiber
