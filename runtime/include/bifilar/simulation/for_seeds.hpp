// Many seeds of one simulation, and the shortest plan of the first that fails.
// Shortened by delta debugging: Zeller and Hildebrandt, 2002.
#pragma once

#include <bifilar/simulation/simulate.hpp>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bifilar::simulation {

/// What the seeds did together.
struct seeds_report {
    std::uint64_t seeds = 0;           ///< How many have run.
    std::uint64_t turns = 0;           ///< Of threads, between two tasks.
    std::uint64_t decisions = 0;       ///< All that were taken, defaults as well.
    std::chrono::nanoseconds time{0};  ///< Simulated.
};

/// A seed fails. what() says which and how, how to repeat it, and the shortest plan in words.
class seed_failed : public std::runtime_error {
public:
    /// For the library.
    seed_failed(std::uint64_t seed, std::string failure, simulation::plan shortest);

    /// Which one: the first that failed.
    [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
    /// Type and message of the exception, or how the process ended.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    /// With which the same failure comes; empty where the defaults do, or where the seed did not fail again, or hung.
    [[nodiscard]] const simulation::plan& plan() const noexcept { return plan_; }

private:
    std::uint64_t seed_;
    std::string failure_;
    simulation::plan plan_;
};

}  // namespace bifilar::simulation

namespace bifilar::detail {

simulation::seeds_report for_seeds(std::uint64_t count, const simulation::options& how, const simulated_body& body);

}  // namespace bifilar::detail

namespace bifilar::simulation {

/// simulate() for `count` seeds from options.first_seed on, until one fails. Then it looks for the shortest plan that
/// leads to the same failure: one of the same type and message, numbers aside, or of the same signal.
///
/// With the variable BIFILAR_SEED set it runs that seed alone, in the calling process, where a debugger sees it.
///
/// The seeds run in forked children, and what the body prints or counts there stays there; a check that does not throw
/// is not seen. Before it forks, no other thread may be inside the library or malloc.
/// Throws: seed_failed; std::system_error where children or memory for them cannot be had; std::logic_error inside of a
/// task or a simulation; std::invalid_argument for a BIFILAR_SEED that is no number.
/// Blocks: until all seeds have run.
template <class Body>
seeds_report for_seeds(std::uint64_t count, Body&& body, const options& how = {}) {
    return bifilar::detail::for_seeds(count, how, bifilar::detail::as_task(body, how.on));
}

}  // namespace bifilar::simulation
