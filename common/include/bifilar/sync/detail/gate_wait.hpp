// A wait for something that lets everybody through once it is open: an event, a latch, a wait_group.
// Written once; the owner says whether it is open and wakes its list when it opens.
#pragma once

#include <bifilar/future/detail/wait_list.hpp>
#include <bifilar/future/future.hpp>

namespace bifilar::detail {

/// `Gate` has a wait_list `waiters_` and `is_open()`, which is asked under the list's lock. A wait that was woken stays
/// ready, whether the gate is open or not. Dropping it loses nothing.
template <class Gate>
class [[nodiscard]] gate_wait {
public:
    using output = void;

    explicit gate_wait(Gate& at) noexcept : gate_{&at} {}
    gate_wait(gate_wait&&) noexcept = default;
    gate_wait& operator=(gate_wait&&) = delete;
    ~gate_wait() {
        if (gate_ != nullptr) gate_->waiters_.leave(node_);
    }

    polled<void> poll(context& cx) noexcept {
        using enum wait_node::place;
        const bool fresh_node = node_.where(base::relaxed) == fresh;  // Relaxed: a fresh node is this thread's own.
        // Under the lock also when the gate is open or the wait was woken: whoever passed may destroy it, and whoever
        // opened it may still hold the lock.
        const std::lock_guard guard{gate_->waiters_.lock()};
        // Relaxed, all: under the lock that guards them.
        if (node_.where(base::relaxed) != woken) {
            if (!gate_->is_open()) {
                gate_->waiters_.wait(node_, cx);
                return not_ready;
            }
            if (fresh_node && !cx.take_budget()) return not_ready;
            if (!fresh_node) gate_->waiters_.remove(node_);
        }
        gate_ = nullptr;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if constexpr (requires { gate_->count(); }) {
            if (gate_ != nullptr)
                return visit_facts<gate_wait>(to, wait_fact::object(gate_), wait_fact::number("count", gate_->count()));
        }
        visit_facts<gate_wait>(to, wait_fact::object(gate_));
    }

private:
    Gate* gate_;  // Null once passed: it may be gone.
    wait_node node_;
};

}  // namespace bifilar::detail
