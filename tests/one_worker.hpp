// Tests whose order of events must be known: one worker, a fiber that leads, and tasks that it lets run until they
// park.
#pragma once

#include "both/in_each_model.hpp"

namespace tests {

inline constexpr bifilar::backend both_backends[] = {bifilar::backend::stackless, bifilar::backend::stackful};

/// Returns when all other tasks of the worker are parked, up to a few hundred of them. The worker takes turns between
/// fibers and the rest, so a fiber that yields comes back after two other tasks at the latest, not after all.
inline void let_others_park() {
    for (int turn = 0; turn < 2'000; ++turn) bifilar::this_fiber::yield();
}

/// Runs `body` as a task that is called `name`, on a worker of its own.
template <class Body>
void run_named(const char* name, bifilar::backend on, Body body) {
    bifilar::runtime rt{both::small_runtime(1)};
    bifilar::spawn_options named;
    named.on = on;
    named.name = name;
    rt.spawn(named, std::move(body)).join();
}

/// Runs `body(model)` as a fiber of a runtime with one worker, once per backend of the tasks that it spawns.
template <class Body>
void on_one_worker(Body body) {
    for (const bifilar::backend model : both_backends) {
        INFO("model: " << (model == bifilar::backend::stackless ? "stackless" : "stackful"));
        bifilar::runtime rt{both::small_runtime(1)};
        rt.run(body, model);
    }
}

}  // namespace tests
