// A notice from one task to another that there is something to look at; one notice is kept when nobody waits.
// Semantics after tokio's Notify. One word while nobody waits; a list once somebody does.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/sync/detail/notice_list.hpp>
#include <cstdint>

namespace bifilar {

/// Must outlive its waits, and a notify_all() that finds more than 64 of them. Destroying it waited for aborts. Nothing
/// allocates, and nothing but wait() suspends.
/// Thread: any, for all members; release on notifying, acquire on the end of a wait.
class notify {
public:
    class wait_future;

    notify() noexcept = default;
    notify(const notify&) = delete;
    notify& operator=(const notify&) = delete;
    ~notify() { BIFILAR_CHECK(notices_.empty(), "a notify was destroyed while tasks wait for it; join them first"); }

    /// Ends the oldest wait. When nobody waits, the next wait ends at once; several such notices are one.
    void notify_one() noexcept { give(false); }
    /// The same for the newest wait: the one whose task's memory is likeliest to be in the cache still.
    void notify_last() noexcept { give(true); }

    /// Ends all waits that were made until now: from the call of wait(), not from its first poll. Keeps no notice.
    void notify_all() noexcept;

    /// Takes the kept notice, if there is one.
    [[nodiscard]] bool try_wait() noexcept {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        while ((seen & kept) != 0)
            // Pairs with notify_one.
            if (word_.compare_exchange_weak(seen, seen & ~kept, base::acquire, base::relaxed)) return true;
        return false;
    }

    /// Whether a notice is kept; may be out of date when it returns.
    [[nodiscard]] bool has_notice() const noexcept {
        return (word_.load(base::relaxed) & kept) != 0;  // Relaxed: the answer orders nothing.
    }
    /// Drops the kept notice, if there is one.
    void reset() noexcept { (void)try_wait(); }

    /// A future of one notice.
    /// Cancellation: takes none; one that was given to it goes to the next or is kept.
    /// Suspends: until a notice comes.
    [[nodiscard]] wait_future wait() noexcept;

private:
    // A notify by another name, which says so itself when it is destroyed while tasks wait.
    friend class auto_reset_event;

    void give(bool to_last) noexcept {
        std::uint64_t seen = word_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        for (;;) {
            if ((seen & waited_for) != 0) {
                if (notify_waiter(to_last)) return;
                seen = word_.load(base::relaxed);  // They have left.
            }
            // Pairs with try_wait; so that what was written before is visible to whoever takes the notice, also when
            // one is kept already.
            else if (word_.compare_exchange_weak(seen, seen | kept, base::release, base::relaxed))
                return;
        }
    }
    // Whether a wait that was made in that generation and waits nowhere yet is over: ended by notify_all, or else by
    // the kept notice, which it then takes.
    [[nodiscard]] bool has_ended(std::uint64_t made_in) noexcept {
        std::uint64_t seen = word_.load(base::acquire);  // Pairs with notify_all.
        for (;;) {
            if ((seen & generations) != made_in) return true;
            if ((seen & kept) == 0) return false;
            // Pairs with notify_one; with notify_all where it fails.
            if (word_.compare_exchange_weak(seen, seen & ~kept, base::acquire, base::acquire)) return true;
        }
    }
    [[nodiscard]] bool waited() noexcept { return !notices_.empty(); }
    [[nodiscard]] bool notify_waiter(bool last) noexcept;
    void leave(detail::notice_list::node& at) noexcept;
    [[nodiscard]] bool enter(detail::notice_list::node& at, std::uint64_t made_in, context& cx) noexcept;

    static constexpr std::uint64_t waited_for = 1;
    static constexpr std::uint64_t kept = 2;
    static constexpr std::uint64_t generation = 4;  // One notify_all; the count fills bits 2 to 63.
    static constexpr std::uint64_t generations = ~(generation - 1);

    // Bit 0: somebody waits; bit 1: a notice is kept, never both. Without bit 0 anybody may exchange it; with it only
    // holders of the list's lock write it.
    base::atomic<std::uint64_t> word_{0};
    detail::notice_list notices_;
};

class [[nodiscard]] notify::wait_future {
public:
    using output = void;

    explicit wait_future(notify& of) noexcept
        // Pairs with notify_all; so that a wait which comes too late for it sees what was written before.
        : of_{&of}, made_in_{of.word_.load(base::acquire) & generations} {}
    wait_future(wait_future&&) noexcept = default;
    wait_future& operator=(wait_future&&) = delete;
    ~wait_future() {
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) != detail::wait_node::place::fresh && !node_.settled_) of_->leave(node_);
    }

    polled<void> poll(context& cx) noexcept {
        // Relaxed: as above.
        if (node_.where(base::relaxed) == detail::wait_node::place::fresh) [[likely]] {
            if (!cx.take_budget()) return not_ready;
            if (of_->has_ended(made_in_)) return done;
        }
        if (!of_->enter(node_, made_in_, cx)) return not_ready;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<wait_future>(to, wait_fact::object(of_));
    }

private:
    notify* of_;
    std::uint64_t made_in_;
    detail::notice_list::node node_;
};

inline notify::wait_future notify::wait() noexcept { return wait_future{*this}; }

static_assert(future<notify::wait_future>);

}  // namespace bifilar
