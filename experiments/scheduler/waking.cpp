// From a wake to the run on another worker, by how long that worker waits before it sleeps; and what such waits cost a
// runtime of which nobody wants anything. Fibers, because they stay where they are. Beside them two plain threads and a
// futex: what the host takes for a wake, so that a change of ours can be told from one of the host's.
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <harness/process.hpp>
#include <thread>

#include "least.hpp"
#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t warm_wakes = 100;

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
    std::uint64_t wakes = 0;       // All that come, the warm ones as well.
    std::vector<double> waits_us;  // The listener's.

    void sound() { rung.set(); }
};

// The same between two threads.
struct bare_bell {
    // How often it was rung, and the futex. Written by the ringer, read by the listener.
    base::atomic<std::uint32_t> rung{0};
    // As of bell.
    base::atomic<base::instant_ns> rung_ns{0};
    base::atomic<std::uint64_t> heard{0};
    std::uint64_t wakes = 0;
    std::uint64_t slept = 0;  // Of those that are not warm ones. This and the waits are the listener's.
    std::vector<double> waits_us;

    void sound() {
        rung.fetch_add(1, base::release);  // Pairs with hear_all.
        syscall(SYS_futex, &rung, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
};
static_assert(sizeof(bare_bell::rung) == 4);

void hear_all(bare_bell* at) {
    for (std::uint32_t n = 0; n < at->wakes; ++n) {
        bool asleep = false;
        while (at->rung.load(base::acquire) == n)  // Pairs with sound.
            asleep = syscall(SYS_futex, &at->rung, FUTEX_WAIT_PRIVATE, n, nullptr, nullptr, 0) == 0 || asleep;
        const base::instant_ns now = base::now_ns();
        at->waits_us.push_back(static_cast<double>(now - at->rung_ns.load(base::relaxed)) / 1'000);  // See rung_ns.
        if (asleep && n >= warm_wakes) ++at->slept;
        at->heard.fetch_add(1, base::release);  // Pairs with ring.
    }
}

void listen(bell* at) {
    if (std::this_thread::get_id() == at->ringers_thread) {
        at->place.store(1, base::release);  // Pairs with find_listener.
        return;
    }
    at->place.store(2, base::release);  // Pairs with find_listener.
    for (std::uint64_t n = 0; n < at->wakes; ++n) {
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

// Rings until it has been heard `last` times.
template <class Bell>
void ring(Bell* at, std::uint64_t last, base::instant_ns between_ns) {
    base::instant_ns due_ns = base::now_ns();
    for (std::uint64_t n = at->heard.load(base::acquire); n < last; ++n) {  // Pairs with listen.
        due_ns += between_ns;
        // Pairs with listen; so that no ring is lost in the one before it.
        while (base::now_ns() < due_ns || at->heard.load(base::acquire) != n) base::spin_pause();
        due_ns = base::now_ns();
        at->rung_ns.store(due_ns, base::relaxed);  // Relaxed: see bell.
        at->sound();
    }
    while (at->heard.load(base::acquire) != last) base::spin_pause();  // Pairs with listen.
}

double quantile(std::vector<double>& values, double part) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::ranges::nth_element(values, at);
    return *at;
}

// Of the waits that are not warm ones.
sample waited(std::vector<double> waits_us, double slept_percent) {
    waits_us.erase(waits_us.begin(), waits_us.begin() + warm_wakes);
    const double median = quantile(waits_us, 0.5);
    return {median,
            waits_us.size(),
            {{"p99_us", quantile(waits_us, 0.99)}, {"caught_percent", std::max(0.0, 100 - slept_percent)}}};
}

double percent(std::uint64_t part, std::uint64_t of) {
    return 100 * static_cast<double>(part) / static_cast<double>(of);
}

sample wake_a_thread(std::uint64_t wakes, base::instant_ns between_ns) {
    const pinned here{2};
    const std::vector<int> processors = allowed_processors();
    bare_bell at;
    at.wakes = warm_wakes + wakes;
    at.waits_us.reserve(at.wakes);
    {
        const std::jthread listener{[&] {
            pin_to({processors.front()});
            hear_all(&at);
        }};
        pin_to({processors.back()});
        ring(&at, at.wakes, between_ns);
    }
    return waited(std::move(at.waits_us), percent(at.slept, wakes));
}

// The ringer's worker runs all the time and never sleeps: the other's sleeps are those that the runtime counts.
sample wake_the_other(const sched::tuning& rules, std::uint64_t wakes, base::instant_ns between_ns) {
    const pinned here{2};
    ruled_runtime made{ruled{2, rules, pin::core}};
    bell at;
    at.wakes = warm_wakes + wakes;
    at.waits_us.reserve(at.wakes);
    std::uint64_t sleeps = 0;
    made.run([&] {
        at.ringers_thread = std::this_thread::get_id();
        auto listener = find_listener(&at);
        ring(&at, warm_wakes, between_ns);
        const std::uint64_t before = made.stats().total().parked;
        ring(&at, at.wakes, between_ns);
        sleeps = made.stats().total().parked - before;
        await(std::move(listener));
    });
    return waited(std::move(at.waits_us), percent(sleeps, wakes));
}

task<> some_turns() {
    for (int turn = 0; turn < 1'000; ++turn) co_await yield_now();
}

sample do_nothing(const sched::tuning& rules) {
    constexpr std::chrono::seconds while_idle{1};
    const pinned here{2};
    ruled_runtime made{ruled{2, rules}};
    made.run(some_turns);
    const std::uint64_t before_ns = processor_ns(::getpid());
    const stopwatch watch;
    std::this_thread::sleep_for(while_idle);
    const double elapsed_s = watch.seconds();
    const auto used_us = static_cast<double>(processor_ns(::getpid()) - before_ns) / 1e3;
    return {used_us / elapsed_s, 1, {}};
}

constexpr sched::tuning waiting(sched::wait_before_sleep how) { return {.waiting = how}; }

}  // namespace

void add_pause(experiment& all) {
    const pinned here{1};
    all.fact("ns of one pause of the processor", least_ns([] { base::spin_pause(); }));
}

void add_wake(experiment& all) {
    using sched::wait_before_sleep;
    const auto budget = [](std::uint32_t pauses) {
        return sched::tuning{.waiting = wait_before_sleep::always, .longest_wait_pauses = pauses};
    };
    const std::vector<choice> waits = {{"adaptive", waiting(wait_before_sleep::adaptive)},
                                       {"sleep at once", waiting(wait_before_sleep::none)},
                                       {"128 pauses", budget(128)},
                                       {"512 pauses", budget(512)},
                                       {"2,048 pauses", budget(2048)}};
    for (const std::uint64_t gap_us : {2U, 20U, 200U}) {
        const std::uint64_t wakes = gap_us < 200 ? 5'000 : 2'000;
        workload work{"wake", "a task on one worker wakes one on the other, from the wake to the run",
                      "us",   static_cast<double>(gap_us),
                      wakes,  {}};
        work.repetitions = gap_us < 200 ? 0 : 15;
        for (const choice& one : waits)
            work.contenders.push_back(
                {one.name,
                 [=] { return wake_the_other(one.rules, wakes, static_cast<base::instant_ns>(gap_us) * 1'000); }});
        work.contenders.push_back({"two threads, bare futex", [=] {
                                       return wake_a_thread(wakes, static_cast<base::instant_ns>(gap_us) * 1'000);
                                   }});
        all.add(std::move(work));
    }
}

void add_idle(experiment& all) {
    workload work{"idle", "processor time that an idle runtime of two workers takes", "us per second", 2, 1, {}};
    using sched::wait_before_sleep;
    work.contenders = {{"adaptive", [] { return do_nothing(waiting(wait_before_sleep::adaptive)); }},
                       {"sleep at once", [] { return do_nothing(waiting(wait_before_sleep::none)); }}};
    work.repetitions = 10;
    work.quick_repetitions = 1;
    work.warm_up = 0;
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
