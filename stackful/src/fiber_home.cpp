// Where stacks come from and go to, and the end of a pool whose runtime is gone.
#include <bifilar/stackful/detail/fiber_home.hpp>

#include <bifilar/sched/detail/worker.hpp>
namespace bifilar::stackful {

fiber_home::fiber_home(std::uint32_t workers, std::size_t stack_bytes, stack_pool_options options)
    : stack_bytes_{stack_bytes}, pool_{options}, caches_(workers) {
    (void)stack_class_bytes(stack_bytes);  // Refuses a bad size now rather than at the first spawn.
}

void fiber_home::abandon(fiber_home* home) noexcept {
    if (home == nullptr) return;
    {
        // The mutex orders this with give(): exactly one of them sees an abandoned home of which no stack is out.
        const std::lock_guard guard{home->mutex_};
        home->abandoned_ = true;
        if (home->pool_.counts().taken != 0) return;
    }
    delete home;
}

void fiber_home::open(std::uint32_t worker) { caches_[worker] = std::make_unique<stack_cache>(pool_); }

// Its warm stacks go to the pool by that.
void fiber_home::close(std::uint32_t worker) noexcept { caches_[worker].reset(); }

stack_view fiber_home::take(const sched::worker* here, std::size_t bytes) {
    if (bytes == 0) bytes = stack_bytes_;
    if (here != nullptr) return caches_[here->index()]->take(bytes);
    return pool_.take(bytes);
}

void fiber_home::give(const sched::worker* here, stack_view stack) noexcept {
    // With a worker there is a runtime, so nobody frees this object meanwhile.
    if (here != nullptr) {
        caches_[here->index()]->give(stack);
        return;
    }
    {
        const std::lock_guard guard{mutex_};
        pool_.give(stack);
        if (!abandoned_ || pool_.counts().taken != 0) return;
    }
    delete this;
}

}  // namespace bifilar::stackful
