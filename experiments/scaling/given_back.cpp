// Memory that stays resident when all tasks have ended and nobody wants anything of the runtime, over the time since.
// One run gives all points of a curve; those are handed out one by one, as sizes of one workload in the same rounds.
#include <unistd.h>

#include <chrono>
#include <harness/process.hpp>
#include <memory>
#include <thread>

#include "crowd.hpp"
#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t step_ms = 100;
constexpr double bytes_in_mb = 1e6;

struct meeting_place {
    event gate;
    // Written by all. Relaxed: how many there are is asked again and again.
    base::atomic<std::uint64_t> arrived{0};
};

task<> waiting_coroutine(meeting_place* at) {
    at->arrived.fetch_add(1, base::relaxed);  // Relaxed: see meeting_place.
    co_await at->gate.wait();
}

void waiting_fiber(meeting_place* at) {
    at->arrived.fetch_add(1, base::relaxed);  // Relaxed: see meeting_place.
    await(at->gate.wait());
}

double resident_mb() { return static_cast<double>(resident_bytes(::getpid())) / bytes_in_mb; }

std::string at_ms(std::uint64_t ms) { return "at_" + std::to_string(ms); }

// The resident memory above that of before the tasks, at each step; `value` is that while they all waited.
sample live_and_end(backend on, std::uint64_t tasks, std::uint64_t last_ms) {
    const pinned here{2};
    runtime made{workers(2)};
    const double before_mb = resident_mb();
    sample got = made.run([=]() -> task<sample> {
        meeting_place at;
        std::vector<join_handle<void>> all;
        all.reserve(tasks);
        for (std::uint64_t n = 0; n < tasks; ++n) all.push_back(start(on, waiting_coroutine, waiting_fiber, &at));
        while (at.arrived.load(base::relaxed) != tasks) co_await yield_now();  // Relaxed: see meeting_place.
        const double alive_mb = resident_mb() - before_mb;
        at.gate.set();
        std::uint64_t ended = 0;
        for (auto& one : all) {
            co_await one;
            ++ended;
        }
        co_return sample{alive_mb, ended, {}};
    });
    const auto ended = std::chrono::steady_clock::now();
    for (std::uint64_t ms = 0; ms <= last_ms; ms += step_ms) {
        std::this_thread::sleep_until(ended + std::chrono::milliseconds{ms});
        got.also[at_ms(ms)] = resident_mb() - before_mb;
    }
    return got;
}

// The last curve that was measured, of which each size takes its point.
struct curve {
    backend on;
    std::uint64_t tasks;
    std::uint64_t last_ms;
    sample whole = {};

    sample at(std::uint64_t ms) {
        const pinned here{2};  // Also where the point is one of a curve that is there.
        if (ms == 0) whole = run_isolated([this] { return live_and_end(on, tasks, last_ms); });
        return {whole.also.at(at_ms(ms)), whole.answer, {{"mb_while_they_waited", whole.value}}};
    }
};

void add(experiment& all, const std::string& id, const std::string& title, backend on, std::uint64_t tasks) {
    const std::uint64_t last_ms = all.options().quick ? 3'000 : 4'000;
    const auto of = std::make_shared<curve>(on, tasks, last_ms);
    for (std::uint64_t ms = 0; ms <= last_ms; ms += step_ms) {
        workload work{id, title, "MB more than before them", static_cast<double>(ms), tasks, {}};
        work.contenders = {{on == backend::stackful ? "fiber" : "coroutine", [=] { return of->at(ms); }}};
        work.in_turns = id;
        work.warm_up = 0;  // Each repetition is a process.
        work.repetitions = 3;
        work.quick_repetitions = 1;
        all.add(std::move(work));
    }
}

}  // namespace

void add_given_back(experiment& all) {
    constexpr std::uint64_t fibers = 100'000;
    constexpr std::uint64_t coroutines = 1'000'000;
    add(all, "after_fibers", "resident after 100,000 fibers that had waited", backend::stackful, fibers);
    add(all, "after_coroutines", "resident after 1,000,000 coroutines that had waited", backend::stackless, coroutines);
}

}  // namespace bifilar::experiments
