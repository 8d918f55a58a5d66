// The operations whose cache lines are counted, with a mark behind each turn. Behind the mark the thread gives the
// processor up, because Valgrind runs one thread at a time, and long: so do the four workers take turns.
#include "trace.hpp"

#include <sched.h>
#include <sys/mman.h>

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/bifilar.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace bifilar::experiments {

namespace {

constexpr std::uint32_t warm_turns = 4;
constexpr std::chrono::milliseconds until_asleep{20};

void write_mark(std::size_t line) {
    auto* const at = reinterpret_cast<volatile std::uint64_t*>(marks_address + line * marked_line_bytes);
    *at = *at + 1;
}

void mark_turn() { write_mark(0); }
void mark_operation(std::size_t number) { write_mark(1 + number); }

bool map_marks() {
    constexpr std::size_t bytes = 4096;
    static_assert((1 + traced_operations.size()) * marked_line_bytes <= bytes);
    void* const wanted = reinterpret_cast<void*>(marks_address);
    return mmap(wanted, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
           wanted;
}

// All that take part in one operation.
struct stage {
    std::size_t operation;
    backend on;
    std::uint32_t actors;
    base::atomic<std::uint32_t> met{0};  // How often actors have come to a meeting. Written and read by all of them.
    mutex shared_lock = {};
    channel<std::uint64_t> shared_channel{64};

    // An actor comes to a meeting, from the first on; the last writes the operation's mark if so told.
    void come(std::uint32_t time, bool marks) {
        // Pairs with are_here; so that the mark is written before any goes on.
        if (met.load(base::acquire) == time * actors - 1 && marks) mark_operation(operation);
        met.fetch_add(1, base::acq_rel);
    }
    bool are_here(std::uint32_t time) const { return met.load(base::acquire) >= time * actors; }  // Pairs with come.
    // Holds this thread until all are here, so that each worker has one.
    void come_and_hold(std::uint32_t time) {
        come(time, false);
        while (!are_here(time)) sched_yield();
    }
};

// What a step has to itself: `operator()` gives the future of a turn, `before`, where there is one, that of a wait
// before it. `end` is for its companions.
struct nothing {
    explicit nothing(stage*) {}
    auto operator()() { return ready(); }
    void end() {}
};

task<> child_coroutine() { co_return; }
void child_fiber() {}

join_handle<void> start_child(backend on) {
    return on == backend::stackful ? spawn(on, child_fiber) : spawn(on, child_coroutine);
}

struct spawn_and_await : nothing {
    explicit spawn_and_await(stage* of) : nothing{of}, on{of->on} {}
    auto operator()() { return start_child(on); }
    backend on;
};

struct spawn_and_wait : nothing {
    explicit spawn_and_wait(stage* of) : nothing{of}, on{of->on} {}
    auto operator()() {
        if (on == backend::stackful)
            spawn(
                on, [](auto_reset_event* to) { to->set(); }, &said)
                .detach();
        else
            spawn(
                on,
                [](auto_reset_event* to) -> task<> {
                    to->set();
                    co_return;
                },
                &said)
                .detach();
        return said.wait();
    }
    backend on;
    auto_reset_event said;
};

// Whether companions shall end. Written by the actor, read by them. Relaxed: nothing else hangs on it.
using ending = base::atomic<bool>;

task<> yielding_coroutine(ending* over) {
    while (!over->load(base::relaxed)) {  // Relaxed: see ending.
        co_await yield_now();
        mark_turn();
    }
}

void yielding_fiber(ending* over) {
    while (!over->load(base::relaxed)) {  // Relaxed: see ending.
        this_fiber::yield();
        mark_turn();
    }
}

struct yield_among_three : nothing {
    explicit yield_among_three(stage* of) : nothing{of} {
        for (int n = 0; n < 2; ++n)
            if (of->on == backend::stackful)
                spawn(of->on, yielding_fiber, &over).detach();
            else
                spawn(of->on, yielding_coroutine, &over).detach();
    }
    auto operator()() { return yield_now(); }
    void end() { over.store(true, base::relaxed); }  // Relaxed: see ending.
    ending over{false};
};

struct pair_of_tasks {
    auto_reset_event to_actor;
    auto_reset_event to_companion;
    ending over{false};
};

task<> answering_coroutine(pair_of_tasks* in) {
    while (!in->over.load(base::relaxed)) {  // Relaxed: see ending.
        co_await in->to_companion.wait();
        mark_turn();
        in->to_actor.set();
    }
}

void answering_fiber(pair_of_tasks* in) {
    while (!in->over.load(base::relaxed)) {  // Relaxed: see ending.
        await(in->to_companion.wait());
        mark_turn();
        in->to_actor.set();
    }
}

struct wake_and_wait : nothing {
    explicit wake_and_wait(stage* of) : nothing{of} {
        if (of->on == backend::stackful)
            spawn(of->on, answering_fiber, &in).detach();
        else
            spawn(of->on, answering_coroutine, &in).detach();
    }
    auto operator()() {
        in.to_companion.set();
        return in.to_actor.wait();
    }
    void end() {
        in.over.store(true, base::relaxed);  // Relaxed: see ending.
        in.to_companion.set();
    }
    pair_of_tasks in;
};

// `holds`: the thread gives up the processor while its task has the lock, so that others find it taken.
auto locked(mutex& lock, bool holds) {
    return map(lock.lock(), [holds](mutex::guard) {
        if (holds) sched_yield();
    });
}

struct own_mutex : nothing {
    explicit own_mutex(stage* of) : nothing{of} {}
    auto operator()() { return locked(lock, false); }
    mutex lock;
};

struct one_mutex : nothing {
    explicit one_mutex(stage* of) : nothing{of}, lock{of->shared_lock} {}
    auto operator()() { return locked(lock, true); }
    mutex& lock;
};

struct own_channel : nothing {
    explicit own_channel(stage* of) : nothing{of} {}
    auto before() { return through.send(1); }
    auto operator()() { return through.recv(); }
    channel<std::uint64_t> through{64};
};

struct one_channel : nothing {
    explicit one_channel(stage* of) : nothing{of}, through{of->shared_channel} {}
    auto before() { return through.send(1); }
    auto operator()() { return through.recv(); }
    channel<std::uint64_t>& through;
};

struct timer : nothing {
    explicit timer(stage* of) : nothing{of} {}
    auto operator()() { return timeout(yield_now(), std::chrono::hours{1}); }
};

struct short_sleep : nothing {
    explicit short_sleep(stage* of) : nothing{of} {}
    auto operator()() { return sleep_for(std::chrono::milliseconds{1}); }
};

// Each of two waits on its thread until the other has begun, which so must be on another.
using tryst = base::atomic<int>;

void wait_for_both(tryst* at) {
    at->fetch_add(1, base::relaxed);  // Relaxed, both: nothing hangs on it but the threads.
    while (at->load(base::relaxed) < 2) sched_yield();
}
task<> tryst_coroutine(tryst* at) {
    wait_for_both(at);
    co_return;
}

struct taken_by_another : nothing {
    explicit taken_by_another(stage* of) : nothing{of}, on{of->on} {}
    auto before() {
        at.store(0, base::relaxed);  // Relaxed: the spawns below order it.
        return ready();
    }
    auto operator()() {
        const auto one = [this] {
            return on == backend::stackful ? spawn(on, wait_for_both, &at) : spawn(on, tryst_coroutine, &at);
        };
        auto first = one();
        return join_all(std::move(first), one());
    }
    backend on;
    tryst at{0};
};

struct far_companion {
    auto_reset_event rung;
    base::atomic<std::uint32_t> heard{0};  // Written by the companion, read by the actor.
    ending over{false};
};

task<> hearing_coroutine(far_companion* in) {
    while (!in->over.load(base::relaxed)) {  // Relaxed: see ending.
        co_await in->rung.wait();
        in->heard.fetch_add(1, base::release);  // Pairs with wake_elsewhere.
    }
}

void hearing_fiber(far_companion* in) {
    while (!in->over.load(base::relaxed)) {  // Relaxed: see ending.
        await(in->rung.wait());
        in->heard.fetch_add(1, base::release);  // Pairs with wake_elsewhere.
    }
}

struct wake_elsewhere : nothing {
    explicit wake_elsewhere(stage* of) : nothing{of} {
        spawn_options how;
        how.on = of->on;
        how.worker = 1;
        if (of->on == backend::stackful)
            spawn(how, hearing_fiber, &in).detach();
        else
            spawn(how, hearing_coroutine, &in).detach();
    }
    auto operator()() {
        const std::uint32_t before = in.heard.load(base::acquire);  // Pairs, twice, with the companion.
        in.rung.set();
        while (in.heard.load(base::acquire) == before) sched_yield();
        return ready();
    }
    void end() {
        in.over.store(true, base::relaxed);  // Relaxed: see ending.
        (void)(*this)();
    }
    far_companion in;
};

template <class Step>
task<> act_coroutine(stage* at, bool alone) {
    at->come_and_hold(1);
    Step step{at};  // No worker is free to take its companions.
    for (std::uint32_t turn = 0; turn < warm_turns + traced_turns; ++turn) {
        if (turn == warm_turns) {
            at->come(2, true);
            for (; !at->are_here(2); sched_yield()) co_await yield_now();
        }
        if constexpr (requires { step.before(); }) (void)co_await step.before();
        (void)co_await step();
        if (alone) std::this_thread::sleep_for(until_asleep);
        mark_turn();
        sched_yield();
    }
    at->come(3, true);
    for (; !at->are_here(3); sched_yield()) co_await yield_now();
    step.end();
    co_await yield_now();
    co_await sleep_for(until_asleep);  // Companions end before what they look at.
}

template <class Step>
void act_fiber(stage* at, bool alone) {
    at->come_and_hold(1);
    Step step{at};  // No worker is free to take its companions.
    for (std::uint32_t turn = 0; turn < warm_turns + traced_turns; ++turn) {
        if (turn == warm_turns) {
            at->come(2, true);
            for (; !at->are_here(2); sched_yield()) this_fiber::yield();
        }
        if constexpr (requires { step.before(); }) (void)await(step.before());
        (void)await(step());
        if (alone) std::this_thread::sleep_for(until_asleep);
        mark_turn();
        sched_yield();
    }
    at->come(3, true);
    for (; !at->are_here(3); sched_yield()) this_fiber::yield();
    step.end();
    this_fiber::yield();
    await(sleep_for(until_asleep));  // Companions end before what they look at.
}

template <class Step>
void act(runtime& in, std::size_t operation, backend on) {
    const bool alone = !traced_operations[operation].on_all_workers;
    stage at{operation, on, alone ? 1 : in.workers()};
    std::vector<join_handle<void>> all;
    for (std::uint32_t worker = 0; worker < at.actors; ++worker) {
        spawn_options how;
        how.on = on;
        how.worker = worker;
        all.push_back(on == backend::stackful ? in.spawn(how, act_fiber<Step>, &at, alone)
                                              : in.spawn(how, act_coroutine<Step>, &at, alone));
    }
    for (auto& one : all) one.join();
}

template <class... Steps>
void act_in_turn(runtime& in, backend on) {
    std::size_t operation = 0;
    (act<Steps>(in, operation++, on), ...);
}

void spawn_from_outside(runtime& in, std::size_t operation, backend on) {
    for (std::uint32_t turn = 0; turn < warm_turns + traced_turns; ++turn) {
        if (turn == warm_turns) mark_operation(operation);
        if (on == backend::stackful)
            in.spawn(on, child_fiber).join();
        else
            in.spawn(on, child_coroutine).join();
        std::this_thread::sleep_for(until_asleep);
        mark_turn();
    }
    mark_operation(operation);
}

}  // namespace

int trace(std::string_view model, std::uint32_t workers) {
    const std::optional<backend> on = parse_backend(model);
    if (!on || workers < 2 || !map_marks()) {
        std::fprintf(stderr,
                     "scaling: --trace takes stackless or stackful and a number of workers from 2 on, and needs the "
                     "page at %p\n",
                     reinterpret_cast<void*>(marks_address));
        return 2;
    }
    runtime_options options;
    options.workers = workers;
    runtime made{options};
    act_in_turn<nothing, spawn_and_await, spawn_and_wait, yield_among_three, wake_and_wait, own_mutex, one_mutex,
                own_channel, one_channel, timer, short_sleep, taken_by_another, wake_elsewhere>(made, *on);
    spawn_from_outside(made, traced_operations.size() - 1, *on);
    return 0;
}

}  // namespace bifilar::experiments
