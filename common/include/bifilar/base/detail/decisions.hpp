// What a simulation leaves to chance, decision by decision: drawn from a seed, or taken from a plan that names those
// that differ from the default.
//
// Each decision has a number of its own: its kind, whom it is about, and the how many-th of these it is. A draw depends
// on the seed and this number alone, so that a decision that falls away changes no other; plans can be made shorter
// because of that. After the swarm tests of TigerBeetle and the delta debugging of Zeller and Hildebrandt (2002).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bifilar::base {

/// What is decided. 0 is the default of each kind.
enum class decision_kind : std::uint8_t {
    // Of the scheduler; about a thread.
    preempt,      ///< Between two tasks: which other thread goes on instead, from 1 on.
    next,         ///< A thread waits: which of those that can run is next, in the order in which they became able to.
    woken_first,  ///< A woken thread goes on at the next switch.
    look,         ///< A thread that waits for the kernel looks (1), or wakes without a reason (2), while others run.
    order,        ///< What a worker takes next: 1 the queue of all, 2 the oldest, 3 another worker's tasks.
    nest,         ///< A run in which no child is run inside of its parent's turn.
    victim,       ///< Whom a worker without work asks first.
    newest,       ///< A worker without work takes what another one keeps.
    arms,         ///< In which order a race looks at its arms.
    // Of the kernel; about a kind of operation.
    would_wait,  ///< A call is answered with "would wait".
    delay,       ///< How many nanoseconds an operation takes from the moment at which its descriptor is ready.
    cut,         ///< How many bytes are left of a transfer.
    interrupt,   ///< A call that a signal interrupts.
    late_end,    ///< A cancelled operation ends only so many nanoseconds later, less one.
    success,     ///< A cancelled operation is carried out nevertheless.
    swap,        ///< Operations that end together change their places.
    fault,       ///< With which errno a call fails.
    refusal,     ///< With which errno an operation that would have to wait is refused.
    count        ///< How many kinds there are.
};

/// One that is not the default. Made and read by decisions alone, but for its value.
struct decision {
    std::uint64_t place;  ///< Kind, subject and number.
    std::uint64_t value;

    static constexpr unsigned number_bits = 40;
    static constexpr unsigned subject_bits = 16;
    [[nodiscard]] constexpr decision_kind kind() const noexcept {
        return static_cast<decision_kind>(place >> (number_bits + subject_bits));
    }
    [[nodiscard]] constexpr std::uint32_t subject() const noexcept {
        return static_cast<std::uint32_t>(place >> number_bits & ((std::uint64_t{1} << subject_bits) - 1));
    }
    /// From 0 on.
    [[nodiscard]] constexpr std::uint64_t number() const noexcept {
        return place & ((std::uint64_t{1} << number_bits) - 1);
    }
    friend constexpr bool operator==(const decision&, const decision&) = default;
};

/// One simulation's. Used by one thread at a time.
class decisions {
public:
    /// Draws from `seed`. Those that are not the default are noted in `record`, as long as it has room.
    decisions(std::uint64_t seed, std::span<decision> record);
    /// Follows `plan`, in any order; what it does not name is the default. Throws std::bad_alloc.
    decisions(std::vector<decision> plan, std::span<decision> record);
    decisions(const decisions&) = delete;
    decisions& operator=(const decisions&) = delete;

    /// What is decided: map(draw), which turns 64 random bits into a value, or what the plan says.
    template <class Map>
    std::uint64_t decide(decision_kind kind, std::uint32_t subject, Map map) noexcept {
        const std::uint64_t place = next_place(kind, subject);
        const std::uint64_t value = planned_ ? planned(place) : static_cast<std::uint64_t>(map(draw(place)));
        return taken(place, value);
    }
    /// True with this probability.
    bool chance(decision_kind kind, std::uint32_t subject, double share) noexcept {
        return decide(kind, subject, [share](std::uint64_t bits) { return unit(bits) < share; }) != 0;
    }
    /// 0 mostly; with this probability a number from 1 to `most`.
    std::uint64_t seldom(decision_kind kind, std::uint32_t subject, double share, std::uint64_t most) noexcept {
        return decide(kind, subject, [share, most](std::uint64_t bits) {
            return unit(bits) < share ? 1 + mixed(bits) % most : std::uint64_t{0};
        });
    }

    /// A probability that is the run's own, from the seed: one of a few, among them 0.
    [[nodiscard]] double temper(decision_kind kind) const noexcept { return tempers_[static_cast<std::size_t>(kind)]; }
    /// Evenly distributed over 0…1, without 1.
    static double unit(std::uint64_t bits) noexcept { return static_cast<double>(bits >> 11) * 0x1p-53; }
    /// Other bits that depend on these.
    static std::uint64_t mixed(std::uint64_t bits) noexcept {
        bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9ULL;
        bits = (bits ^ bits >> 27) * 0x94D049BB133111EBULL;
        return bits ^ bits >> 31;
    }

    /// Becomes a part of the trace.
    void note(std::uint64_t word) noexcept { trace_ = mixed(trace_ ^ word) + 0x9E3779B97F4A7C15ULL; }
    /// A hash of all that was decided and noted, in its order.
    [[nodiscard]] std::uint64_t trace() const noexcept { return trace_; }
    /// How many decisions there were, defaults as well.
    [[nodiscard]] std::uint64_t made() const noexcept { return made_; }
    /// How many were not the default; of these the record has as many as it has room for.
    [[nodiscard]] std::uint64_t noted() const noexcept { return noted_; }

private:
    [[nodiscard]] std::uint64_t next_place(decision_kind kind, std::uint32_t subject) noexcept;
    [[nodiscard]] std::uint64_t draw(std::uint64_t place) const noexcept { return mixed(mixed(seed_ ^ place) + seed_); }
    [[nodiscard]] std::uint64_t planned(std::uint64_t place) const noexcept;
    std::uint64_t taken(std::uint64_t place, std::uint64_t value) noexcept;
    void set_tempers() noexcept;

    static constexpr std::size_t kinds = static_cast<std::size_t>(decision_kind::count);

    const std::uint64_t seed_ = 0;
    const bool planned_ = false;
    std::vector<decision> plan_;  // Sorted by place.
    std::span<decision> record_;
    std::uint64_t made_ = 0;
    std::uint64_t noted_ = 0;
    std::uint64_t trace_ = 0;
    std::array<double, kinds> tempers_{};
    std::array<std::vector<std::uint64_t>, kinds> numbers_;  // By subject.
};

}  // namespace bifilar::base
