// The scheduler's rules that experiments change: what each of them is worth shows only beside another choice.
// The defaults are the rules that the library ships with.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstdint>
#include <vector>

namespace bifilar::sched {

/// Whom a worker without work asks first.
enum class victim_order : std::uint8_t {
    nearest,   ///< Those that share the most with it, each ring of equal distance from a random place on.
    random,    ///< All others, from a random place on.
    in_order,  ///< All others by number, from the one behind it on.
};

/// Whether a worker without work waits a little before it sleeps.
enum class wait_before_sleep : std::uint8_t {
    adaptive,  ///< When others have woken it soon after it fell asleep; see spin_policy.
    none,      ///< Never; the four looks at others' queues stay.
    always,    ///< Before each sleep, for longest_wait_pauses.
};

/// For experiments. Fixed when the scheduler starts.
struct tuning {
    static constexpr std::uint32_t no_lifo_cap = ~std::uint32_t{0};
    static constexpr std::uint32_t fewest_ring_slots = 2;
    static constexpr std::uint32_t max_ring_slots = 1U << 20;
    static constexpr std::uint32_t longest_global_interval = 1U << 20;
    static constexpr std::uint32_t max_wait_pauses = 1U << 20;

    /// Times in a row that the newest task is run while others are queued. 0: none, a woken task goes behind those
    /// that are queued; no_lifo_cap: any number, and a pair that wakes itself starves the rest.
    std::uint32_t max_lifo_runs = 3;
    /// Tasks that a worker's own ring holds at first, 8 bytes each; a power of two from 2 to 2^20.
    std::uint32_t ring_slots = 256;
    /// Up to how many a full ring grows, likewise. Half of one that may not grow goes to the global queue, which is
    /// as a ring of less than ring_slots would give.
    std::uint32_t grown_ring_slots = 1U << 20;
    /// Tasks that one theft takes at most; never more than half of those that are queued. 0: half of the ring, which
    /// is also the largest number.
    std::uint32_t max_stolen = 0;
    victim_order victims = victim_order::nearest;
    wait_before_sleep waiting = wait_before_sleep::adaptive;
    /// Pauses of the processor that a wait before a sleep lasts at most, up to 2^20; `always` waits for all of them.
    /// 0: none, as with `none`. How long a pause takes is the processor's affair: from ten to fifty nanoseconds.
    /// Timers and the kernel's events wait until it is over.
    std::uint32_t longest_wait_pauses = 2048;
    /// Tasks between two looks at the global queue while a worker has its own, up to 2^20. 0: from 8 to 255, so that
    /// about a millisecond lies between.
    std::uint32_t fixed_global_interval = 0;
    /// How long frames and stacks have not been needed when they go back to the system, and the pause between two looks
    /// for such.
    std::uint32_t trim_pause_ms = 1'000;
};

/// The same. Throws std::invalid_argument, which names member, value and remedy, when it is out of range.
[[nodiscard]] tuning checked(const tuning& rules);

/// The other workers by distance, as worker `self` asks them: unchanged, or all in one ring in the order of their
/// numbers, from the one behind it on.
[[nodiscard]] std::vector<std::vector<std::uint32_t>> ordered(std::vector<std::vector<std::uint32_t>> by_distance,
                                                              std::uint32_t self, victim_order order);

}  // namespace bifilar::sched
