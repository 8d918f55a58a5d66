// Coroutines and fibers spawned from one coroutine, awaited in order.
// The counter is one atomic of all tasks: the documents' "increment".
#include <sys/resource.h>

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/bifilar.hpp>
#include <harness/pin.hpp>
#include <harness/stopwatch.hpp>
#include <harness/workers.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

// Written by all tasks. Relaxed: joining a task is what makes its addition visible.
using tally = base::atomic<std::uint64_t>;

task<void> coroutine_child(tally* counter) {
    counter->fetch_add(1, base::relaxed);  // Relaxed: see tally.
    co_return;
}

void fiber_child(tally* counter) { counter->fetch_add(1, base::relaxed); }  // Relaxed: see tally.

join_handle<void> start(backend on, tally* counter) {
    return on == backend::stackful ? spawn(on, fiber_child, counter) : spawn(on, coroutine_child, counter);
}

task<double> one_by_one(backend on, std::uint64_t tasks, tally* counter) {
    const stopwatch watch;
    for (std::uint64_t i = 0; i < tasks; ++i) co_await start(on, counter);
    co_return watch.per_operation(static_cast<double>(tasks));
}

// Awaited at once, a child that nobody else has seen runs inside of its parent's poll. Of one that was let go the
// scheduler alone knows: the parent waits for its word, the child is taken from the queue, and so is the parent then.
struct word_of_child {
    tally* counter;
    auto_reset_event said;
};

task<void> coroutine_on_its_own(word_of_child* to) {
    to->counter->fetch_add(1, base::relaxed);  // Relaxed: see tally.
    to->said.set();
    co_return;
}

void fiber_on_its_own(word_of_child* to) {
    to->counter->fetch_add(1, base::relaxed);  // Relaxed: see tally.
    to->said.set();
}

task<double> one_by_one_scheduled(backend on, std::uint64_t tasks, tally* counter) {
    word_of_child child{counter, {}};
    const stopwatch watch;
    for (std::uint64_t i = 0; i < tasks; ++i) {
        if (on == backend::stackful)
            spawn(on, fiber_on_its_own, &child).detach();
        else
            spawn(on, coroutine_on_its_own, &child).detach();
        co_await child.said.wait();
    }
    co_return watch.per_operation(static_cast<double>(tasks));
}

task<double> all_together(backend on, std::uint64_t tasks, tally* counter) {
    const stopwatch watch;
    std::vector<join_handle<void>> handles;
    handles.reserve(tasks);
    for (std::uint64_t i = 0; i < tasks; ++i) handles.push_back(start(on, counter));
    for (auto& handle : handles) co_await handle;
    co_return watch.per_operation(static_cast<double>(tasks));
}

// Page faults of this process that needed no input, in all its threads.
std::int64_t minor_faults() {
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) != 0) return 0;
    return used.ru_minflt;
}

// Two runs of `body` in one runtime. Its workers have the processors of the mask, and none of its own: so have those of
// Go and Tokio.
template <class Body>
sample run_twice(backend on, std::uint64_t tasks, std::uint32_t count, Body body) {
    const pinned here{count};
    runtime made{workers(count)};
    tally counter{0};
    const double cold = made.run(body, on, tasks, &counter);
    counter.store(0, base::relaxed);  // Relaxed: no task lives here.
    const std::int64_t faults_before = minor_faults();
    const double warm = made.run(body, on, tasks, &counter);
    const double faults = static_cast<double>(minor_faults() - faults_before) / static_cast<double>(tasks);
    const std::uint64_t answer = counter.load(base::relaxed);  // Relaxed: all were joined.
    return {warm, answer, {{"cold_ns", cold}, {"minor_faults_per_task", faults}}};
}

}  // namespace

sample spawn_sequential(backend on, std::uint64_t tasks) { return run_twice(on, tasks, 1, one_by_one); }

sample spawn_scheduled(backend on, std::uint64_t tasks) { return run_twice(on, tasks, 1, one_by_one_scheduled); }

sample spawn_concurrent(backend on, std::uint64_t tasks, std::uint32_t workers) {
    return run_twice(on, tasks, workers, all_together);
}

}  // namespace bifilar::experiments
