// Waits that end by a notice to one of them or to all: what notify and condition have in common.
// A notice to one that its receiver does not use, because it was cancelled, goes to the next.
#pragma once

#include <bifilar/base/detail/plain.hpp>
#include <bifilar/future/detail/wait_list.hpp>

namespace bifilar::detail {

class notice_list {
public:
    class node : public wait_node {
    public:
        node() noexcept = default;
        node(node&&) noexcept = default;

        /// Woken, and the wait has ended with it. The owner's own.
        bool settled_ = false;
        /// Woken by a notice to one. The list's own, under the lock.
        base::plain<bool> by_one_{false};
    };

    [[nodiscard]] wait_list& waiters() noexcept { return waiters_; }
    [[nodiscard]] bool empty() const noexcept { return waiters_.empty(); }

    /// Under the lock: to the oldest. False when nobody waits.
    bool give_one(wake_batch& batch) noexcept {
        auto* const front = static_cast<node*>(waiters_.front());
        if (front == nullptr) return false;
        front->by_one_ = true;
        return waiters_.wake_one(batch);
    }

    /// Under the lock: to the newest. False when nobody waits.
    bool give_last(wake_batch& batch) noexcept {
        auto* const back = static_cast<node*>(waiters_.back());
        if (back == nullptr) return false;
        back->by_one_ = true;
        (void)wait_list::call(*back, batch);
        wait_list::let_go(*back);
        return true;
    }

    /// Under the lock: ends a wait that is not settled. True when a notice to one was left unused, and nobody waits for
    /// it.
    [[nodiscard]] bool leave(node& at, wake_batch& batch) noexcept {
        if (at.where(base::relaxed) == wait_node::place::waiting) {  // Relaxed: under the lock.
            waiters_.remove(at);
            return false;
        }
        return at.by_one_ && !give_one(batch);
    }

private:
    wait_list waiters_;
};

}  // namespace bifilar::detail
