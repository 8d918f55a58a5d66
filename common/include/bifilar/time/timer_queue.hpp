// The timers of one thread: a pairing heap whose nodes live in the sleeping futures. Right for any 64-bit deadline.
// Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap: a new form of self-adjusting heap" (1986), two-pass form.
#pragma once

#include <bifilar/base/atomic.hpp>
#include <bifilar/base/clock.hpp>
#include <bifilar/base/spin_lock.hpp>
#include <bifilar/core/context.hpp>
#include <bifilar/core/parker.hpp>
#include <bifilar/core/waker.hpp>
#include <cstdint>

namespace bifilar {

/// One future's place in a timer_queue. Immovable once linked.
class timer_node {
public:
    enum class place : std::uint8_t {
        fresh,    ///< Not linked.
        waiting,  ///< In the queue. Waker and deadline are valid.
        fired,    ///< Taken out because its deadline came.
    };

    timer_node() noexcept = default;
    timer_node(timer_node&& other) noexcept {
        BIFILAR_CHECK(other.where(base::relaxed) == place::fresh, "a timer was moved after its first poll");
    }
    timer_node& operator=(timer_node&&) = delete;
    ~timer_node() { BIFILAR_ASSERT(where(base::relaxed) != place::waiting, "a timer was destroyed while it waits"); }

    /// Where the node is. Outside of the queue's lock only `fired` is final.
    [[nodiscard]] place where(std::memory_order order = base::acquire) const noexcept { return place_.load(order); }

private:
    friend class timer_queue;

    timer_node* child_ = nullptr;    // The first of the nodes below.
    timer_node* sibling_ = nullptr;  // The next node with the same parent.
    timer_node* before_ = nullptr;   // The previous sibling, or the parent of a first child; null in the root.
    base::instant_ns deadline_ = 0;
    waker_ref waker_;
    // See place. Written under the queue's lock; read by the owner without it.
    base::atomic<place> place_{place::fresh};
};

/// Timers of the thread that it is installed in (this_thread().timers). Waiting allocates nothing; insert is O(1),
/// remove and expiry O(log n) amortised. A task that moves to another worker keeps its timer where it began.
class timer_queue final : public timer_source {
public:
    timer_queue() noexcept = default;
    ~timer_queue() override;

    /// Wakes the context's task once `deadline` has passed. The queue's own thread.
    void insert(timer_node& node, base::instant_ns deadline, context& cx) noexcept;
    /// The task polls again with another waker. Any thread. False when the timer has fired.
    bool renew(timer_node& node, context& cx) noexcept;
    /// Takes the node out if it still waits. Any thread. True when it had fired.
    bool remove(timer_node& node) noexcept;

    [[nodiscard]] base::instant_ns next_deadline() noexcept override;
    void fire(base::instant_ns now) noexcept override;

private:
    static timer_node* merge(timer_node* a, timer_node* b) noexcept;
    static timer_node* merge_children(timer_node* first) noexcept;
    static void cut(timer_node& node) noexcept;
    void detach(timer_node& node) noexcept;
    void set_root(timer_node* root) noexcept;

    static constexpr int wakes_per_hold = 64;

    base::spin_lock lock_;  // Guards the heap and its nodes. Never held across a wake.
    timer_node* root_ = nullptr;
    // The root's deadline, or never. Written under the lock; read without it by the thread that is about to sleep,
    // which alone inserts, so what it reads is never later than the truth.
    base::atomic<base::instant_ns> earliest_{base::never};
};

/// The timers of the calling thread; made on a plain thread's first use, for block_on. Throws std::bad_alloc.
[[nodiscard]] timer_queue& this_thread_timers();

}  // namespace bifilar
