// What the files of this page share: our rows, of both models over both drivers, and the workloads that each file adds.
#pragma once

#include <cstdint>
#include <harness/measure.hpp>
#include <harness/peers.hpp>
#include <string>

namespace bifilar::experiments {

[[nodiscard]] inline runtime_options on_driver(driver_kind kind) {
    runtime_options options = workers(1);
    options.driver = kind;
    return options;
}

/// once(model, driver) gives a sample.
template <class Once>
void add_ours(workload& to, Once once) {
    for (const backend model : {backend::stackless, backend::stackful})
        for (const driver_kind driver : {driver_kind::uring, driver_kind::epoll}) {
            const std::string name = model == backend::stackless ? "coroutine" : "fiber";
            to.contenders.push_back(
                {name + ", " + std::string{to_string(driver)}, [=] { return once(model, driver); }});
        }
}

/// step(n) for n = 0 … operations - 1, awaited one after the other in a task of the model; the answers are added up.
template <class Step>
sample one_by_one(backend model, driver_kind driver, std::uint64_t operations, Step& step) {
    const runtime_options how = on_driver(driver);
    return model == backend::stackless ? in_coroutine(operations, step, how) : in_fiber(operations, step, how);
}

/// A peer that does the work in more than one way: this one.
[[nodiscard]] inline peer done_by(const std::string& way, peer one) {
    one.column += ", " + way;
    return one;
}

/// The round trip through the pool for calls that block.
void add_calls(experiment& all);
/// Reads of a file in the page cache, and its status.
void add_files(experiment& all);
/// The name of this machine, looked up.
void add_names(experiment& all);

}  // namespace bifilar::experiments
