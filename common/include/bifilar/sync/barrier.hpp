// A meeting point: those who arrive wait until as many as it was made for have come; then the next phase begins.
#pragma once

#include <bifilar/future/detail/wait_list.hpp>
#include <bifilar/future/future.hpp>
#include <cstdint>
#include <stdexcept>

namespace bifilar {

/// What was written before an arrival is visible to all who pass with it. Must outlive its waits, and the last arrival
/// of more than 64. Destroying it waited for aborts. Nothing allocates.
/// Thread: any, for all members.
class barrier {
public:
    class arrive_future;

    /// For so many that meet.
    /// Throws: std::invalid_argument for 0: nobody could ever arrive.
    explicit barrier(std::uint32_t parties) : parties_{parties} {
        if (parties == 0) throw std::invalid_argument{"a barrier needs at least 1 party, not 0"};
    }
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;
    ~barrier() { BIFILAR_CHECK(waiters_.empty(), "a barrier was destroyed while tasks wait at it; join them first"); }

    /// A future that arrives when it is first waited for and is ready when all have: true for the last of them, the
    /// leader, false for the others.
    /// Cancellation: before that, its arrival does not count.
    /// Suspends: until all have arrived.
    [[nodiscard]] arrive_future arrive_and_wait() noexcept;

    /// Arrives if that completes the phase: then true, and the caller is the leader. Never suspends.
    [[nodiscard]] bool try_arrive() noexcept {
        bool leads = false;
        waiters_.wake_all([&] { return leads = arrived_ + 1 == parties_ && next_phase(); });
        return leads;
    }

    /// How many tasks meet.
    [[nodiscard]] std::uint32_t parties() const noexcept { return parties_; }

private:
    class node : public detail::wait_node {
    public:
        std::uint64_t phase_ = 0;  // In which it arrived.
    };

    // Under the lock.
    bool next_phase() noexcept {
        arrived_ = 0;
        ++phase_;
        return true;
    }

    // The lock of the list guards the members below.
    detail::wait_list waiters_;
    std::uint64_t phase_ = 0;
    std::uint32_t arrived_ = 0;
    const std::uint32_t parties_;
};

class [[nodiscard]] barrier::arrive_future {
public:
    using output = bool;

    explicit arrive_future(barrier& at) noexcept : at_{&at} {}
    arrive_future(arrive_future&&) noexcept = default;
    arrive_future& operator=(arrive_future&&) = delete;
    ~arrive_future() {
        // Relaxed: a fresh node was never shared.
        if (over_ || node_.where(base::relaxed) == detail::wait_node::place::fresh) return;
        const std::lock_guard guard{at_->waiters_.lock()};
        if (node_.where(base::relaxed) != detail::wait_node::place::waiting) return;  // Relaxed: under the lock.
        at_->waiters_.remove(node_);
        if (node_.phase_ == at_->phase_) --at_->arrived_;
    }

    polled<bool> poll(context& cx) noexcept {
        using enum detail::wait_node::place;
        if (node_.where(base::relaxed) == fresh) return arrive(cx);  // Relaxed: as above.
        const std::lock_guard guard{at_->waiters_.lock()};
        if (node_.where(base::relaxed) == waiting) {  // Relaxed: under the lock.
            at_->waiters_.wait(node_, cx);
            return not_ready;
        }
        over_ = true;
        return false;
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<arrive_future>(to, wait_fact::object(at_), wait_fact::number("parties", at_->parties_));
    }

private:
    polled<bool> arrive(context& cx) noexcept {
        if (!cx.take_budget()) return not_ready;
        bool leads = false;
        at_->waiters_.wake_all([&] {
            leads = ++at_->arrived_ == at_->parties_;
            if (leads) return at_->next_phase();
            node_.phase_ = at_->phase_;
            at_->waiters_.wait(node_, cx);
            return false;
        });
        if (!leads) return not_ready;
        return true;
    }

    barrier* at_;
    barrier::node node_;
    bool over_ = false;
};

inline barrier::arrive_future barrier::arrive_and_wait() noexcept { return arrive_future{*this}; }

static_assert(future<barrier::arrive_future>);

}  // namespace bifilar
