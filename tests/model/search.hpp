// Where the choices of an execution come from: a depth-first search, a random walk, or a given schedule.
// Builds on nothing. A choice is a number among alternatives; the first alternative is "go on as before".
#pragma once

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

/// The alternatives of one point, by their numbers (threads or values), the default first.
struct alternatives {
    std::array<std::uint8_t, max_alternatives> item{};
    std::size_t count = 0;
    void add(unsigned value) noexcept { item[count++] = static_cast<std::uint8_t>(value); }
};

/// Answers choices, execution after execution.
class search {
public:
    virtual ~search() = default;
    /// Whether preemptions are limited; only the depth-first search needs that.
    [[nodiscard]] virtual bool bounded() const noexcept { return false; }
    /// Whether a thread that yields must let another go first, which a random walk needs to make progress.
    [[nodiscard]] virtual bool yields_to_others() const noexcept { return false; }
    virtual void begin_execution(std::size_t max_steps) = 0;
    /// The number chosen; one of the alternatives. `of_threads`: they are threads, not values.
    [[nodiscard]] virtual unsigned choose(const alternatives& from, bool of_threads) noexcept = 0;
    /// Prepares the next execution. False when there is none.
    [[nodiscard]] virtual bool next_execution() = 0;
};

/// Every combination, deepest choice first.
class depth_first final : public search {
public:
    bool bounded() const noexcept override { return true; }
    void begin_execution(std::size_t) override { depth_ = 0; }
    unsigned choose(const alternatives& from, bool of_threads) noexcept override;
    bool next_execution() override;

private:
    struct node {
        alternatives from;
        std::size_t taken = 0;
    };
    std::vector<node> path_;
    std::size_t depth_ = 0;
};

/// Alternately PCT (random priorities, lowered at random points) and uniform choice with some inertia.
class random_walk final : public search {
public:
    random_walk(std::uint64_t seed, std::uint64_t executions) noexcept : seed_(seed), left_(executions) {}
    bool yields_to_others() const noexcept override { return true; }
    void begin_execution(std::size_t max_steps) override;
    unsigned choose(const alternatives& from, bool of_threads) noexcept override;
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
    void begin_execution(std::size_t) override { at_ = 0; }
    unsigned choose(const alternatives& from, bool of_threads) noexcept override;
    bool next_execution() override { return false; }

private:
    std::vector<std::uint8_t> chosen_;
    std::size_t at_ = 0;
};

/// The text that given_schedule reads.
[[nodiscard]] std::string schedule_text(std::span<const std::uint8_t> chosen);

}  // namespace model
