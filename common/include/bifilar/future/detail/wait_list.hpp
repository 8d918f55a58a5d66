// Tasks that wait for the same thing, oldest first. The nodes live in the waiting futures.
// One lock guards list and nodes; wakes are claimed under it and scheduled after it.
#pragma once

#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <type_traits>

namespace bifilar::detail {

/// One waiting future's place in a wait_list.
class wait_node : public base::list_link<wait_node> {
public:
    wait_node() noexcept = default;
    /// A future may be moved before its first poll; its node is fresh then.
    wait_node(wait_node&& other) noexcept {
        BIFILAR_CHECK(other.where(base::relaxed) == place::fresh, "a future was moved after its first poll");
    }
    wait_node& operator=(wait_node&&) = delete;

    enum class place : std::uint8_t {
        fresh,    ///< Never linked.
        waiting,  ///< In the list. The waker is valid.
        woken,    ///< Taken out by whoever woke it; only its owner may link it again.
    };

    /// Where the node is. Outside of the lock only `woken` lasts, until the owner's own next step.
    [[nodiscard]] place where(std::memory_order order = base::acquire) const noexcept {
        // Pairs with wait_queue::wake_one and let_go; so that what the waker did before is visible.
        return static_cast<place>(word_.load(order) & place_bits);
    }

private:
    // Both write the word under the lock that guards the list; the owner of the node only reads it.
    friend class wait_queue;
    friend class wait_list;

    static constexpr std::uintptr_t place_bits = 3;
    static_assert(alignof(task_header) > place_bits, "a header's address leaves room for the place");

    [[nodiscard]] waker_ref waker() const noexcept {
        // Relaxed: under the lock, and valid while waiting.
        return waker_ref{*reinterpret_cast<task_header*>(word_.load(base::relaxed) & ~place_bits)};
    }
    void set(place at, std::memory_order order, task_header* task = nullptr) noexcept {
        word_.store(reinterpret_cast<std::uintptr_t>(task) | static_cast<std::uintptr_t>(at), order);
    }

    // The place, and while it waits the address of the task to wake. Written under the list's lock; read by the owner
    // without it. One word, because every parked task carries it.
    base::atomic<std::uintptr_t> word_{0};
};

/// The list without a lock: whoever owns it guards it with one of his own. All members but the destructor are for any
/// thread; none blocks for long or allocates.
///
/// A wake claims the task first and marks the node `woken` after it, so a poll that is under way may still read
/// `waiting`. A poll that is about to answer not ready therefore looks at the node once more under the lock, which
/// wait() does; looking at where() alone would lose the wake.
class wait_queue {
public:
    wait_queue() noexcept = default;

    [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }

    /// Under the lock: links the node, or renews the waker of one that waits already.
    void wait(wait_node& node, context& cx) noexcept {
        // Relaxed: only lock holders write the place.
        if (node.where(base::relaxed) != wait_node::place::waiting) nodes_.push_back(node);
        // Relaxed: `waiting` alone tells nobody anything; the lock orders the rest.
        node.set(wait_node::place::waiting, base::relaxed, cx.borrow().task());
    }

    /// Under the lock: links a node that was woken in front of all others.
    void wait_first(wait_node& node, context& cx) noexcept {
        nodes_.push_front(node);
        node.set(wait_node::place::waiting, base::relaxed, cx.borrow().task());  // As wait.
    }

    /// Under the lock: takes out and claims the oldest. False when nobody waits. From here on the node may be gone.
    bool wake_one(wake_batch& batch) noexcept {
        wait_node* const node = nodes_.take_front();
        if (node == nullptr) return false;
        batch.claim(node->waker());
        // Pairs with where; the claim comes first, because the owner may end as soon as it sees this.
        node->set(wait_node::place::woken, base::release);
        return true;
    }

    /// Under the lock: wakes the task of a node that waits, and leaves the node where it is. Whether the task slept.
    static bool call(wait_node& node, wake_batch& batch) noexcept { return batch.claim(node.waker()); }

    /// Under the lock: takes out a node that waits and whose task was called, or else polls this list. From here on the
    /// node may be gone.
    static void let_go(wait_node& node) noexcept {
        list::erase(node);
        node.set(wait_node::place::woken, base::release);  // Pairs with where, as in wake_one.
    }

    /// Under the lock: the node that wake_one would wake, or null.
    [[nodiscard]] wait_node* front() noexcept { return nodes_.front(); }

    /// Under the lock: the node that began to wait last, or null.
    [[nodiscard]] wait_node* back() noexcept { return nodes_.back(); }

    /// Under the lock: the first node, from the oldest on, that `suits`, or null.
    template <class Function>
    [[nodiscard]] wait_node* find(Function suits) noexcept {
        return nodes_.find(suits);
    }

    /// Under the lock: how many wait; max_counted of them are counted.
    [[nodiscard]] std::size_t count() noexcept {
        std::size_t found = 0;
        (void)nodes_.find([&found](wait_node&) { return ++found >= max_counted; });
        return found;
    }

    /// Under the lock: whose wait a node that waits is.
    [[nodiscard]] static const task_header* task_of(const wait_node& node) noexcept { return node.waker().task(); }

    /// Under the lock: unlinks a node that waits.
    void remove(wait_node& node) noexcept {
        nodes_.erase(node);
        node.set(wait_node::place::fresh, base::relaxed);  // Relaxed: the owner itself reads it next.
    }

    /// Under the lock of `from`, which guards this one too from here on: takes over all that wait there. Nobody waits
    /// here before.
    void splice(wait_queue& from) noexcept { nodes_.splice(from.nodes_); }

protected:
    using list = base::intrusive_list<wait_node>;

    list nodes_;
};

/// The list and its lock. As wait_queue; the lock is never held across a wake.
class wait_list : public wait_queue {
public:
    wait_list() noexcept = default;

    /// The lock. What else it guards is up to the owner of the list.
    [[nodiscard]] base::spin_lock& lock() noexcept { return lock_; }

    /// Takes the lock: wakes all that wait at this moment, in portions of 64, so that the lock is never held for long.
    /// Those look at their nodes under the lock.
    /// `locked` runs under the first hold of the lock; when it answers false, nobody is woken. The lock is not touched
    /// again once nobody is left to wake.
    template <class Function>
    void wake_all(Function locked) noexcept;

    /// Takes the lock when the node may still be linked. Afterwards it is not; `woken` where it had been.
    void leave(wait_node& node) noexcept {
        // Relaxed: a fresh node was never shared.
        if (node.where(base::relaxed) == wait_node::place::fresh) return;
        const std::lock_guard guard{lock_};
        if (node.where(base::relaxed) == wait_node::place::waiting) remove(node);
    }

private:
    static constexpr int wakes_per_hold = 64;

    base::spin_lock lock_;  // Last, so that others may use what follows it.
};

template <class Function>
void wait_list::wake_all(Function locked) noexcept {
    list all;
    for (bool first = true, more = true; more; first = false) {
        wake_batch batch;  // Outlives the guard: the lock is free when the wakes go out.
        const std::lock_guard guard{lock_};
        if (first) {
            if constexpr (std::is_void_v<decltype(locked())>)
                locked();
            else if (!locked())
                return;
            all.splice(nodes_);
        }
        for (int count = 0; count < wakes_per_hold && !all.empty(); ++count) {
            wait_node& node = *all.take_front();
            batch.claim(node.waker());
            node.set(wait_node::place::woken, base::relaxed);  // Relaxed: under the lock.
        }
        more = !all.empty();
    }
}

}  // namespace bifilar::detail
