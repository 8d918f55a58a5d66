// From a wake to the run on another worker, by how long that worker waits before it sleeps; and what such waits cost a
// runtime of which nobody wants anything. Fibers, because they stay where they are.
#include <bifilar/base/atomic.hpp>
#include <bifilar/base/clock.hpp>
#include <unistd.h>

#include <algorithm>
#include <harness/process.hpp>
#include <thread>

#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t wakes = 5'000;
constexpr base::instant_ns between_ns = 20'000;

struct bell {
    auto_reset_event rung;
    std::thread::id ringers_thread;
    // Where a listener is. 0: not yet running, 1: on the ringer's worker, where it ended, 2: on the other. Written by
    // the listener, read by the ringer.
    base::atomic<int> place{0};
    // When it was rung last. Written by the ringer before it rings, read by the listener that this wakes: relaxed,
    // for the event orders it.
    base::atomic<base::instant_ns> rung_ns{0};
    // How often it was heard. Written by the listener, read by the ringer.
    base::atomic<std::uint64_t> heard{0};
    std::vector<double> waits_us;  // The listener's.
};

void listen(bell* at) {
    if (std::this_thread::get_id() == at->ringers_thread) {
        at->place.store(1, base::release);  // Pairs with find_listener.
        return;
    }
    at->place.store(2, base::release);  // Pairs with find_listener.
    for (std::uint64_t n = 0; n < wakes; ++n) {
        await(at->rung.wait());
        const base::instant_ns now = base::now_ns();
        at->waits_us.push_back(static_cast<double>(now - at->rung_ns.load(base::relaxed)) / 1'000);  // See rung_ns.
        at->heard.fetch_add(1, base::release);                                                       // Pairs with ring.
    }
}

// A fiber begins where it was spawned, unless another worker takes it because this one is busy.
join_handle<void> find_listener(bell* at) {
    constexpr base::instant_ns patience_ns = 5'000'000;
    for (;;) {
        at->place.store(0, base::relaxed);  // Relaxed: nobody listens yet.
        auto listener = spawn(backend::stackful, listen, at);
        const base::instant_ns began_ns = base::now_ns();
        // Pairs, twice, with listen.
        while (at->place.load(base::acquire) == 0)
            if (base::now_ns() - began_ns > patience_ns) this_fiber::yield();
        if (at->place.load(base::acquire) == 2) return listener;
        await(std::move(listener));
    }
}

void ring(bell* at) {
    base::instant_ns due_ns = base::now_ns();
    for (std::uint64_t n = 0; n < wakes; ++n) {
        due_ns += between_ns;
        // Pairs with listen; so that no ring is lost in the one before it.
        while (base::now_ns() < due_ns || at->heard.load(base::acquire) != n) base::spin_pause();
        due_ns = base::now_ns();
        at->rung_ns.store(due_ns, base::relaxed);  // Relaxed: see bell.
        at->rung.set();
    }
}

double quantile(std::vector<double>& values, double part) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, at);
    return *at;
}

sample wake_the_other(const sched::tuning& rules) {
    const pinned here{2};
    runtime made{ruled(2, rules, pin::core)};
    bell at;
    at.waits_us.reserve(wakes);
    made.run([&] {
        at.ringers_thread = std::this_thread::get_id();
        auto listener = find_listener(&at);
        ring(&at);
        await(std::move(listener));
    });
    const double median = quantile(at.waits_us, 0.5);
    return {median, at.waits_us.size(), {{"p99_us", quantile(at.waits_us, 0.99)}}};
}

task<> some_turns() {
    for (int turn = 0; turn < 1'000; ++turn) co_await yield_now();
}

sample do_nothing(const sched::tuning& rules) {
    constexpr std::chrono::seconds while_idle{1};
    const pinned here{2};
    runtime made{ruled(2, rules)};
    made.run(some_turns);
    const std::uint64_t before_ns = processor_ns(::getpid());
    const base::instant_ns began_ns = base::now_ns();
    std::this_thread::sleep_for(while_idle);
    const auto elapsed_s = static_cast<double>(base::now_ns() - began_ns) / 1e9;
    const auto used_us = static_cast<double>(processor_ns(::getpid()) - before_ns) / 1e3;
    return {used_us / elapsed_s, 1, {}};
}

constexpr sched::tuning waiting(sched::wait_before_sleep how) { return {.waiting = how}; }

}  // namespace

void add_wake(experiment& all) {
    workload work{"wake", "a task on one worker wakes one on the other, from the wake to the run", "us", 20, wakes, {}};
    using sched::wait_before_sleep;
    work.contenders = {{"adaptive", [] { return wake_the_other(waiting(wait_before_sleep::adaptive)); }},
                       {"sleep at once", [] { return wake_the_other(waiting(wait_before_sleep::none)); }},
                       {"always wait", [] { return wake_the_other(waiting(wait_before_sleep::always)); }}};
    all.add(std::move(work));
}

void add_idle(experiment& all) {
    workload work{"idle", "processor time that an idle runtime of two workers takes", "us per second", 2, 1, {}};
    using sched::wait_before_sleep;
    work.contenders = {{"adaptive", [] { return do_nothing(waiting(wait_before_sleep::adaptive)); }},
                       {"sleep at once", [] { return do_nothing(waiting(wait_before_sleep::none)); }}};
    work.repetitions = 5;
    work.quick_repetitions = 1;
    work.warm_up = 0;
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
