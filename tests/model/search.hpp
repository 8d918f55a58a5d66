// Where the choices of an execution come from: a depth-first search, a random walk, or a given schedule.
// Builds on clocks. A choice is a number among alternatives; the first alternative is "go on as before".
//
// The reduction of the depth-first search. A thread's code is deterministic, so where a thread stands is a function of
// what it has read and chosen. A state is therefore: for each thread the sequence of its operations, each with its
// location and the store it has read; for each location the modification order; whether the thread waits; and what the
// bounds leave. (S is no part of it: seq_cst.hpp keeps what follows from these.) Names of locations and stores are
// "the n-th that this thread made" and "this thread's n-th operation", which no interleaving changes.
// The search cuts an execution that comes to a state in which it was before with the same or a greater allowance.
//
// Nothing is lost. Let an execution within the bounds end in outcome o, and be cut in state s. The search was in s
// before, with an allowance that covers this one, and it had then, or has on its path, all alternatives of s: whatever
// the rest of the execution does is possible from there as well and costs no more. By induction on the number of
// operations left (no execution comes to a state twice, since histories grow) the search finds an execution from s that
// ends in o, or was cut in a later state, to which the same applies. What a model's check reads at the end, or always,
// must be a function of the state: atomics, cells and other variables without data races are, and so is what is
// changed in one block with a read-modify-write of one location. Addresses are not; a model must not branch on them.
#pragma once

#include "clocks.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace model {

/// The largest number of alternatives at one point.
inline constexpr std::size_t max_alternatives = 16;

/// What is chosen: who runs, a value of the model, which store is read or where one is put, or which later store a load
/// promises to have read.
enum class question : std::uint8_t { thread, value, store, promise };

/// A store that comes later than a load of its value: whose operation it is, and what it stores.
struct future_store {
    event by;
    std::array<unsigned char, 16> bytes{};
    bool operator==(const future_store&) const = default;
};

/// The alternatives of one point, by their numbers (threads or values), the default first.
struct alternatives {
    std::array<std::uint32_t, max_alternatives> item{};
    std::size_t count = 0;
    void add(unsigned value) noexcept { item[count++] = value; }
};

/// Answers choices, execution after execution.
class search {
public:
    virtual ~search() = default;
    /// Whether preemptions are limited; only the depth-first search needs that.
    [[nodiscard]] virtual bool bounded() const noexcept { return false; }
    /// Whether the other bounds are kept, which a given schedule does by itself.
    [[nodiscard]] virtual bool spends() const noexcept { return true; }
    /// Whether the next choice is made for the first time.
    [[nodiscard]] virtual bool is_new() const noexcept { return false; }
    /// Whether a thread that yields must let another go first, which a random walk needs to make progress.
    [[nodiscard]] virtual bool yields_to_others() const noexcept { return false; }
    /// The number of the next choice, and one more alternative for that one, when there is room for it.
    [[nodiscard]] virtual std::size_t depth() const noexcept { return 0; }
    virtual void add_promise(std::size_t /*depth*/, const future_store& /*what*/) {}
    /// What the last answer to question::promise stands for, when that was not 0.
    [[nodiscard]] virtual future_store promised() const { return {}; }
    virtual void begin_execution(std::size_t max_steps) = 0;
    /// The number chosen; one of the alternatives.
    [[nodiscard]] virtual unsigned choose(const alternatives& from, question what) noexcept = 0;
    /// Prepares the next execution. False when there is none.
    [[nodiscard]] virtual bool next_execution() = 0;
};

/// Every combination, deepest choice first.
class depth_first final : public search {
public:
    bool bounded() const noexcept override { return true; }
    bool is_new() const noexcept override { return depth_ == path_.size(); }
    std::size_t depth() const noexcept override { return depth_; }
    void add_promise(std::size_t depth, const future_store& what) override;
    future_store promised() const override { return promises_[promised_ - 1]; }
    /// Some choice had no room for a promise.
    [[nodiscard]] bool passed_over() const noexcept { return passed_over_; }
    void begin_execution(std::size_t) override { depth_ = 0; }
    unsigned choose(const alternatives& from, question what) noexcept override;
    bool next_execution() override;

private:
    struct node {
        alternatives from;
        std::size_t taken = 0;
    };
    std::vector<node> path_;
    std::size_t depth_ = 0;
    std::vector<future_store> promises_;  // Alternative n of a question::promise is the n-th, from 1.
    std::size_t promised_ = 0;
    bool passed_over_ = false;
};

/// Alternately PCT (random priorities, lowered at random points) and uniform choice with some inertia.
class random_walk final : public search {
public:
    random_walk(std::uint64_t seed, std::uint64_t executions) noexcept : seed_(seed), left_(executions) {}
    bool yields_to_others() const noexcept override { return true; }
    void begin_execution(std::size_t max_steps) override;
    unsigned choose(const alternatives& from, question what) noexcept override;
    bool next_execution() override;
    [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

private:
    std::uint64_t random() noexcept;

    static constexpr std::size_t lowerings = 3;  // PCT's depth.
    std::uint64_t seed_;
    std::uint64_t left_;
    std::uint64_t state_ = 0;
    std::uint64_t step_ = 0;
    std::array<std::uint64_t, max_alternatives> priority_{};
    std::array<std::uint64_t, lowerings> lower_at_{};
};

/// One schedule, as text: numbers and "number*times", separated by commas. After its end: the first alternative.
class given_schedule final : public search {
public:
    explicit given_schedule(std::string_view text);
    bool spends() const noexcept override { return false; }
    future_store promised() const override { return promised_; }
    void begin_execution(std::size_t) override { at_ = 0; }
    unsigned choose(const alternatives& from, question what) noexcept override;
    bool next_execution() override { return false; }

private:
    std::vector<std::uint32_t> chosen_;
    std::size_t at_ = 0;
    future_store promised_;
};

/// A promise in a schedule: 1 and these numbers.
inline constexpr std::size_t promise_numbers = 6;
void append_promise(std::vector<std::uint32_t>& schedule, const future_store& what);

/// The text that given_schedule reads.
[[nodiscard]] std::string schedule_text(std::span<const std::uint32_t> chosen);

}  // namespace model
