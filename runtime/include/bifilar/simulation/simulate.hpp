// Whole-program simulation: a body and all that it starts, run on several workers, in simulated time, over a simulated
// kernel, in an order that one number decides.
// After FoundationDB's simulation (2021) and Loom; how it is done says base/detail/baton.hpp.
#pragma once

#include <bifilar/runtime/runtime.hpp>
#include <bifilar/simulation/options.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace bifilar::simulation {

/// What one run did. Equal for equal seeds, options and bodies.
struct report {
    std::uint64_t seed = 0;  ///< As given.
    /// Of all decisions, all runs of tasks and all results of operations, in their order.
    std::uint64_t hash = 0;
    std::uint64_t decisions = 0;       ///< How many there were, defaults as well.
    std::uint64_t turns = 0;           ///< Of threads, between two tasks.
    simulated_kernel_counts kernel;    ///< What the kernel did.
    std::chrono::nanoseconds time{0};  ///< Simulated time that has passed.
    simulation::plan plan;             ///< The decisions that were not the default.
    std::exception_ptr error;          ///< What the body threw, or a detached task first; null: nothing.
    std::string failure;               ///< Type and message of the error; empty: none.

    /// Whether there is an error.
    [[nodiscard]] bool failed() const noexcept { return error != nullptr; }
};

}  // namespace bifilar::simulation

namespace bifilar::detail {

/// Makes the body's task in the runtime, and waits for its end.
using simulated_body = std::function<void(runtime&)>;
[[nodiscard]] simulation::report simulate(std::uint64_t seed, const simulation::options& how,
                                          const simulated_body& body);

/// The body, which outlives this, as a task in options.on.
template <class Body>
simulated_body as_task(Body& body, backend on) {
    return [&body, on](runtime& in) { (void)in.spawn(on, std::ref(body)).join(); };
}

}  // namespace bifilar::detail

namespace bifilar::simulation {

/// Runs body() as a task of a fresh runtime, on a fresh clock and kernel, and tells what happened. The body is a
/// callable without arguments: a coroutine function, one that returns a future, or plain code for
/// options.on = backend::stackful. It fails by an exception, such as of a check of its own; when all its tasks wait and
/// nothing can wake one; and when it goes round in circles for options.max_turns.
///
/// Everything is decided by the seed: which worker runs when, and which task; whether it is preempted between two
/// tasks; what the kernel does; what time it is. What a simulation cannot decide on must not matter to the body: other
/// threads than those of the runtime and of spawn_blocking, other processes, real clocks, addresses in memory, random
/// numbers from elsewhere. Threads that are none of the simulation's must not spawn there or wake its tasks.
/// Throws: std::logic_error inside of a task or of a simulation; std::invalid_argument for bad options; what making a
/// thread throws. What the body throws, or making its runtime, is in the report.
/// Thread: any that is no worker. Others of the process may run other simulations meanwhile.
/// Blocks: until all tasks have ended; they are cancelled when the body ends before them.
template <class Body>
[[nodiscard]] report simulate(std::uint64_t seed, Body&& body, const options& how = {}) {
    return bifilar::detail::simulate(seed, how, bifilar::detail::as_task(body, how.on));
}

}  // namespace bifilar::simulation
