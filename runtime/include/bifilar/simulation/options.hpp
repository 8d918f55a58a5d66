// How a simulation is run. Ordinary values.
#pragma once

#include <bifilar/drivers/simulated/simulated_kernel.hpp>
#include <bifilar/runtime/spawn_options.hpp>
#include <bifilar/simulation/plan.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace bifilar::simulation {

/// What the kernel does to the program, beside what the scheduler does.
enum class weather : std::uint8_t {
    calm,    ///< Operations end at once, whole and in order.
    rough,   ///< Delays, short transfers, other orders, interrupts, cancels that come late or too late: no failures.
    hostile  ///< The same, and failures: each operation with every errno that it may have.
};

/// How a simulation is set up: its runtime, its kernel and its bounds.
struct options {
    /// The model of the body's task.
    backend on = backend::stackless;
    /// Workers of the runtime, 1 to 4096. With one, tasks run in one order only, but for the kernel's doing.
    std::uint32_t workers = 2;
    /// How often what happens is the seed's affair.
    simulation::weather kernel = simulation::weather::rough;
    /// The longest delay of an operation, in simulated time. Many seeds have shorter ones, or none.
    std::chrono::nanoseconds max_delay = std::chrono::milliseconds{100};
    /// Called with the kernel before each run, to plan failures of its own.
    std::function<void(simulated_kernel&)> prepare = {};
    /// Followed instead of the seed: what it does not name is the default.
    std::optional<simulation::plan> plan = {};
    /// A run with more turns, of its threads between two tasks, has no end, and fails.
    std::uint64_t max_turns = 1'000'000;

    // --- for for_seeds ---

    /// Seeds count up from here.
    std::uint64_t first_seed = 1;
    /// Forked children that run the seeds, so that one that crashes or hangs is told as well. 0: all run in the calling
    /// process, for a debugger.
    std::uint32_t processes = 1;
    /// Real time for one seed; then it counts as hanging. Not with 0 processes.
    std::chrono::seconds patience{60};
    /// How many runs may go into making the plan of a failure shorter; 0: it is told as it was.
    std::uint32_t max_shrink_runs = 2'000;
};

}  // namespace bifilar::simulation
