// The timers of one thread: a hierarchical wheel whose nodes live in the sleeping futures. Right for any 64-bit
// deadline. Varghese, Lauck, "Hashed and hierarchical timing wheels" (1987), scheme 7; slots are absolute, as in
// tokio's wheel.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/waker.hpp>
#include <bifilar/time/detail/live_histogram.hpp>
#include <array>
#include <cstdint>

namespace bifilar::detail {

/// What timers are rounded up to: a timer fires at the first such moment that is not before its deadline. 65.5 us.
/// On a simulated clock timers are exact.
inline constexpr base::instant_ns timer_tick_ns = base::instant_ns{1} << 16;
/// Where timers wake a worker more often than every 0.3 ms, those that are due within this much of each other share one
/// wake, so a sleep may be this late. Four ticks: 262 us.
inline constexpr base::instant_ns busy_timer_tick_ns = 4 * timer_tick_ns;

/// One future's place in a timer_queue. Immovable once linked.
class timer_node : public base::list_link<timer_node> {
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
    // All of it is the queue's, under the queue's lock.
    friend class timer_queue;

    base::plain<std::uint64_t> due_ticks_{0};  // Rounded up.
    waker_ref waker_;
    base::plain<std::uint16_t> slot_{0};  // Where it lies or lay last; nowhere when it was due at once.
    // See place. Written under the queue's lock; read by the owner without it.
    base::atomic<place> place_{place::fresh};
};

/// Timers of the thread that it is installed in (this_thread().timers). Waiting allocates nothing; insert and remove
/// are O(1), and a timer is moved at most 7 times before it fires, 10 times where it is exact. Never early; fire() is
/// late by less than a tick, and a busy worker calls it later by up to busy_timer_tick_ns. A task that moves to another
/// worker keeps its timer where it began.
class timer_queue final : public timer_source {
public:
    enum class precision : std::uint8_t {
        tick = 16,  ///< timer_tick_ns.
        exact = 0,  ///< A nanosecond.
    };

    explicit timer_queue(precision finest = precision::tick) noexcept : tick_bits_{static_cast<unsigned>(finest)} {}
    ~timer_queue() override;

    /// From now on counts in `delays`, which outlives this, how long after their time timers fire. Before the first.
    void measure(live_histogram& delays) noexcept { delays_ = &delays; }

    /// Wakes the context's task once `deadline` has passed. The queue's own thread. `now` is a moment that has passed;
    /// the newer, the fewer steps.
    void insert(timer_node& node, base::instant_ns deadline, base::instant_ns now, context& cx) noexcept;
    /// The task polls again with another waker. Any thread. False when the timer has fired.
    bool renew(timer_node& node, context& cx) noexcept;
    /// Takes the node out if it still waits. Any thread. True when it had fired.
    bool remove(timer_node& node) noexcept;

    /// The same, and its task polls again. By the task that waits.
    void remove_and_wake(timer_node& node) noexcept {
        if (remove(node)) return;  // It was woken by that.
        wake_batch batch;
        batch.claim(node.waker_);
    }

    /// When fire() has something to do: to wake a task, or to move a timer closer.
    [[nodiscard]] base::instant_ns next_deadline() noexcept override;
    void fire(base::instant_ns now) noexcept override;
    /// The same, or as much later as others of the same busy_timer_tick_ns can be served together. The queue's own
    /// thread; not with exact timers.
    [[nodiscard]] base::instant_ns next_shared_deadline() noexcept;

private:
    // Level n has 64 slots of 64^n ticks each. A timer lies in the level of the highest 6-bit digit in which its tick
    // differs from `elapsed_ticks_`, in the slot that this digit names. So all slots in use lie ahead of the present
    // one of their level, and every slot of a level comes before all of the next level.
    static constexpr unsigned bits_a_level = 6;
    static constexpr unsigned slots_a_level = 1U << bits_a_level;
    static constexpr unsigned levels = 11;
    static constexpr std::uint16_t nowhere = levels * slots_a_level;
    static constexpr int moves_per_hold = 64;
    static_assert(64 <= levels * bits_a_level, "all ticks of 64-bit nanoseconds have a slot, and one more");
    static_assert(timer_tick_ns == base::instant_ns{1} << static_cast<unsigned>(precision::tick));

    using list = base::intrusive_list<timer_node>;
    struct upcoming {
        std::uint16_t slot = nowhere;
        std::uint64_t start_ticks = 0;
    };

    [[nodiscard]] std::uint64_t ticks_up(base::instant_ns moment) const noexcept;
    [[nodiscard]] std::uint64_t ticks_down(base::instant_ns moment) const noexcept;
    [[nodiscard]] base::instant_ns moment_of(std::uint64_t ticks) const noexcept;

    // All under the lock.
    void place(timer_node& node) noexcept;
    void note_empty(unsigned slot) noexcept;
    [[nodiscard]] upcoming next_slot() const noexcept;
    void publish() noexcept;

    const unsigned tick_bits_;  // A tick is 2^tick_bits_ ns.
    base::spin_lock lock_;      // Guards everything below, and the nodes. Never held across a wake.
    std::uint64_t elapsed_ticks_ = 0;
    // A bit for each level that has one in used_. Ticks other than exact ones never come to the last levels.
    std::uint32_t used_levels_ = 0;
    std::array<std::uint64_t, levels> used_{};  // A bit for each slot that is not empty.
    live_histogram* delays_ = nullptr;          // Null: nobody measures.
    list moving_;                               // Out of their slots: due, or to be placed again.
    std::array<list, std::size_t{levels} * slots_a_level> slots_;
    // When there is something to do, or never. Written under the lock; read without it by the thread that is about to
    // sleep, which alone inserts, so what it reads is never later than the truth.
    base::atomic<base::instant_ns> earliest_{base::never};
};

/// The timers of the calling thread; made on a plain thread's first use, for block_on. Throws std::bad_alloc.
[[nodiscard]] timer_queue& this_thread_timers();

}  // namespace bifilar::detail
