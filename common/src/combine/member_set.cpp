// The queue of woken members, and how a member ends while others may be waking it.
#include <bifilar/combine/detail/member_set.hpp>

#include <utility>

namespace bifilar::detail {

void set_member::queue(task_header& header) noexcept {
    auto& member = static_cast<set_member&>(header);
    member.set_->queue(member);
}

void member_set::queue(set_member& member) noexcept {
    wake_batch batch;  // Outlives the guard: the lock is free when the wake goes out.
    const std::lock_guard guard{lock_};
    push(member);
    if (const waker_ref owner = std::exchange(owner_, waker_ref{})) batch.claim(owner);
}

set_member* member_set::next(context& cx) noexcept {
    const std::lock_guard guard{lock_};
    owner_ = waker_ref{};
    if (first_ == nullptr) {
        // Under the same hold of the lock as the look: a member that is woken later finds whom to wake.
        owner_ = cx.borrow();
        return nullptr;
    }
    auto* const member = static_cast<set_member*>(first_);
    first_ = first_->next_;
    if (first_ == nullptr) last_ = &first_;
    member->queued_ = false;
    in_hand_ = member;
    return member;
}

void member_set::end_poll(set_member& member, bool yielding) noexcept {
    in_hand_ = nullptr;
    // A yielding member stays claimed: nobody else may queue it.
    if (!yielding && member.state_.end_pending() == park_result::parked) return;
    const std::lock_guard guard{lock_};
    push(member);
}

void member_set::wake_all() noexcept {
    for_each([this](set_member& member) {
        if (&member == in_hand_ || member.state_.claim() != wake_result::schedule) return;
        const std::lock_guard guard{lock_};
        push(member);
    });
}

void member_set::retire(set_member& member) noexcept {
    // Its claim must be ours, so that nobody queues it any more.
    if (in_hand_ == &member) {
        in_hand_ = nullptr;
    } else {
        for (int spins = 0; member.state_.claim() != wake_result::schedule; ++spins) {
            {
                const std::lock_guard guard{lock_};
                BIFILAR_ASSERT(closed_, "a member that is not in hand is retired from a closed set only");
                if (member.queued_) break;
            }
            // Another thread has claimed it and is about to queue it.
            spins < 64 ? base::spin_pause() : base::yield_thread();
        }
    }
    members_.erase(member);
    if (member.state_.complete() == task_state::complete_result::last) member.kind_->destroy(member);
}

}  // namespace bifilar::detail
