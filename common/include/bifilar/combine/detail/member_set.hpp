// Many futures inside of one: each has a header of its own, so that a wake tells which of them to poll.
// A wake costs the same whatever their number. Built on the protocol of tasks: claim, schedule, run, park.
#pragma once

#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <bifilar/task/waker.hpp>
#include <mutex>
#include <utility>

namespace bifilar::detail {

class member_set;

/// The part of a member that does not depend on its future. Freed by its operations' destroy, once the set has retired
/// it and no waker refers to it.
class set_member : public task_header, public base::list_link<set_member> {
protected:
    set_member(const operations& kind, member_set& in) noexcept : task_header{kind, 0}, set_{&in} {}
    ~set_member() = default;

    /// For operations::schedule.
    static void queue(task_header& member) noexcept;

private:
    // It lies in the set's queue, which tells by the flag that it does.
    friend class member_set;

    member_set* set_;
    base::plain<bool> queued_{false};  // In the set's queue, or would be if it were not closed. Under its lock.
};

/// All members but queue() belong to the owner of the set, one thread at a time; allocates nothing.
class member_set {
public:
    member_set() noexcept = default;
    member_set(const member_set&) = delete;
    member_set& operator=(const member_set&) = delete;
    ~member_set() { BIFILAR_ASSERT(members_.empty(), "a member_set was destroyed with members; retire them first"); }

    [[nodiscard]] bool empty() const noexcept { return members_.empty(); }

    /// A new member, to be polled next time.
    void add(set_member& member) noexcept {
        members_.push_back(member);
        wake_batch batch;
        const std::lock_guard guard{lock_};
        push(member);
        // Another part of the same task may be waiting already.
        if (const waker_ref owner = std::exchange(owner_, waker_ref{})) batch.claim(owner);
    }

    /// A member was woken, and is claimed: it will be polled. Any thread.
    void queue(set_member& member) noexcept;

    /// The wait is over or was given up: a wake wakes nobody until next() is called again.
    void forget_owner() noexcept {
        const std::lock_guard guard{lock_};
        owner_ = waker_ref{};
    }

    /// The next member that was woken, its state begun; null when there is none, and then the context's task will be
    /// woken. Followed by end_poll, or by retire.
    [[nodiscard]] set_member* next(context& cx) noexcept;

    /// The poll of what next() gave was not ready.
    void end_poll(set_member& member, bool yielding) noexcept;

    /// The member will be polled again.
    static void wake(set_member& member) noexcept {
        if (member.state_.claim() == wake_result::schedule) member.set_->queue(member);
    }

    /// Every member will be polled again.
    void wake_all() noexcept;

    /// Ends a member whose future is destroyed: what next() gave, or, after close(), any. Waits a moment when another
    /// thread is just waking it.
    void retire(set_member& member) noexcept;

    /// next() is not called any more.
    void close() noexcept {
        const std::lock_guard guard{lock_};
        closed_ = true;
        owner_ = waker_ref{};
    }

    /// Calls function(member) for each; it may retire that member.
    template <class Function>
    void for_each(Function function) {
        // To the back and again until all had their turn.
        base::intrusive_list<set_member> all;
        all.splice(members_);
        while (set_member* const member = all.take_front()) {
            members_.push_back(*member);
            function(*member);
        }
    }

    /// The same, without a change, for max_counted of them.
    template <class Function>
    void visit_some(Function function) noexcept {
        std::size_t left = max_counted;
        (void)members_.find([&](set_member& member) {
            function(std::as_const(member));
            return --left == 0;
        });
    }

private:
    // Under the lock.
    void push(set_member& member) noexcept {
        member.queued_ = true;
        if (closed_) return;
        task_header& header = member;
        header.next_ = nullptr;
        *last_ = &header;
        last_ = &header.next_;
    }

    base::intrusive_list<set_member> members_;  // All. The owner's.
    base::spin_lock lock_;                      // Guards what follows.
    base::plain<task_header*> first_{nullptr};  // Woken members, oldest first.
    base::plain<task_header*>* last_ = &first_;
    waker_ref owner_;                  // Whom a wake wakes; null while it need not.
    base::plain<bool> closed_{false};  // The queue is not used any more.
    set_member* in_hand_ = nullptr;    // What next() gave. The owner's.
};

}  // namespace bifilar::detail
