// What a scheduler of a simulation asks for, and refuses.
#include <bifilar/base/detail/assert.hpp>
#include <bifilar/sched/detail/scheduler.hpp>

#include <stdexcept>

namespace bifilar::sched {

// One seed decides everything only where nothing else does.
void scheduler::enter_simulation(const scheduler_options& options) {
    births_ = std::make_unique<std::unordered_map<const detail::task_header*, std::uint64_t>>();
    if (simulation_->has_clockwork())
        throw std::logic_error{"a simulation has one runtime; use that, or end it before another is made"};
    if (clock_ == nullptr || clock_->how() != simulated_clock::mode::automatic)
        throw std::logic_error{
            "a runtime in a simulation without an automatic simulated_clock; give it one in runtime_options::clock"};
    if (options.on_calling_thread)
        throw std::logic_error{"a runtime in a simulation on its calling thread; give it a thread of its own"};
}

// Nobody decides when a thread that is none of the simulation does what.
void scheduler::refuse_foreign() const {
    if (simulation_ != base::baton::here())
        throw std::logic_error{
            "spawn on a runtime of a simulation by a thread that is none of it; let a task or spawn_blocking do that"};
}

void scheduler::check_waker() const noexcept {
    BIFILAR_CHECK(simulation_ == base::baton::here(),
                  "a thread that is none of a simulation has woken one of its tasks; give its work to spawn_blocking");
}

}  // namespace bifilar::sched
