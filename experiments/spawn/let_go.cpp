// Tasks that are spawned and let go: nobody has a handle, and a wait_group notices the last of them.
// Beside "concurrent" the difference is what it costs to keep and await the handles.
#include <bifilar/bifilar.hpp>
#include <harness/pin.hpp>
#include <harness/stopwatch.hpp>
#include <harness/workers.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

// Worker's thread alone.
struct party {
    wait_group under_way;
    std::uint64_t ended = 0;
};

task<void> coroutine_guest(party* at) {
    ++at->ended;
    at->under_way.done();
    co_return;
}

void fiber_guest(party* at) {
    ++at->ended;
    at->under_way.done();
}

task<double> let_all_go(backend on, std::uint64_t tasks, std::uint64_t* ended) {
    party at;
    const stopwatch watch;
    at.under_way.add(tasks);
    for (std::uint64_t i = 0; i < tasks; ++i) {
        if (on == backend::stackful)
            spawn(on, fiber_guest, &at).detach();
        else
            spawn(on, coroutine_guest, &at).detach();
    }
    co_await at.under_way.wait();
    const double each = watch.per_operation(static_cast<double>(tasks));
    *ended = at.ended;
    co_return each;
}

}  // namespace

sample spawn_and_let_go(backend on, std::uint64_t tasks) {
    const pinned here{1};
    runtime made{workers(1)};
    std::uint64_t ended = 0;
    const double cold = made.run(let_all_go, on, tasks, &ended);
    const double warm = made.run(let_all_go, on, tasks, &ended);
    return {warm, ended, {{"cold_ns", cold}}};
}

}  // namespace bifilar::experiments
