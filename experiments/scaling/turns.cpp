// What the members of a crowd do, as coroutines and as fibers. The number of operations that were done is the answer.
// Of more tasks than max_twice the spawns take most of the time, and they are not timed.
#include "turns.hpp"

#include <bifilar/base/detail/cache_line.hpp>
#include <deque>

#include "crowd.hpp"

namespace bifilar::experiments {

namespace {

using std::chrono::hours;

constexpr std::uint64_t max_twice = 100'000;

task<> yielding_coroutine(crowd* of, std::uint64_t each) {
    of->arrive();
    co_await of->gate().wait();
    for (std::uint64_t turn = 0; turn < each; ++turn) co_await yield_now();
    of->end(each);
}

void yielding_fiber(crowd* of, std::uint64_t each) {
    of->arrive();
    await(of->gate().wait());
    for (std::uint64_t turn = 0; turn < each; ++turn) this_fiber::yield();
    of->end(each);
}

// A lock with the count of those that had it, which the lock guards.
struct alignas(base::cache_line_bytes) counted_lock {
    mutex lock;
    std::uint64_t taken = 0;
};

// The answer is what the counts behind the locks say.
task<> locking_coroutine(crowd* of, counted_lock* at, std::uint64_t each, bool suspends) {
    of->arrive();
    co_await of->gate().wait();
    for (std::uint64_t turn = 0; turn < each; ++turn) {
        const auto held = co_await at->lock.lock();
        ++at->taken;
        if (suspends) co_await yield_now();
    }
    of->end(0);
}

void locking_fiber(crowd* of, counted_lock* at, std::uint64_t each, bool suspends) {
    of->arrive();
    await(of->gate().wait());
    for (std::uint64_t turn = 0; turn < each; ++turn) {
        const auto held = await(at->lock.lock());
        ++at->taken;
        if (suspends) this_fiber::yield();
    }
    of->end(0);
}

sample lock(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers, std::uint64_t locks,
            bool suspends) {
    const auto whole = [=]() -> task<sample> {
        std::deque<counted_lock> all(locks);
        sample got = co_await gather(tasks, tasks * each, [&](crowd* of, std::uint64_t member) {
            return start(on, locking_coroutine, locking_fiber, of, &all[member % locks], each, suspends);
        });
        for (const counted_lock& one : all) got.answer += one.taken;
        co_return got;
    };
    return second_of_two(workers, whole);
}

// Who sends counts nothing: what was received is the answer.
task<> sending_coroutine(crowd* of, channel<std::uint64_t>* to, std::uint64_t each) {
    of->arrive();
    co_await of->gate().wait();
    for (std::uint64_t turn = 0; turn < each; ++turn) (void)co_await to->send(1);
    of->end(0);
}

task<> receiving_coroutine(crowd* of, channel<std::uint64_t>* from, std::uint64_t each) {
    of->arrive();
    co_await of->gate().wait();
    std::uint64_t sum = 0;
    for (std::uint64_t turn = 0; turn < each; ++turn) {
        const std::optional<std::uint64_t> got = co_await from->recv();
        sum += got.value_or(0);
    }
    of->end(sum);
}

void sending_fiber(crowd* of, channel<std::uint64_t>* to, std::uint64_t each) {
    of->arrive();
    await(of->gate().wait());
    for (std::uint64_t turn = 0; turn < each; ++turn) (void)await(to->send(1));
    of->end(0);
}

void receiving_fiber(crowd* of, channel<std::uint64_t>* from, std::uint64_t each) {
    of->arrive();
    await(of->gate().wait());
    std::uint64_t sum = 0;
    for (std::uint64_t turn = 0; turn < each; ++turn) sum += await(from->recv()).value_or(0);
    of->end(sum);
}

task<> timing_coroutine(crowd* of, std::uint64_t each) {
    of->arrive();
    co_await of->gate().wait();
    std::uint64_t in_time = 0;
    for (std::uint64_t turn = 0; turn < each; ++turn) {
        const auto answer = co_await timeout(yield_now(), hours{1});
        in_time += answer.has_value() ? 1 : 0;
    }
    of->end(in_time);
}

void timing_fiber(crowd* of, std::uint64_t each) {
    of->arrive();
    await(of->gate().wait());
    std::uint64_t in_time = 0;
    for (std::uint64_t turn = 0; turn < each; ++turn) in_time += await(timeout(yield_now(), hours{1})) ? 1 : 0;
    of->end(in_time);
}

// One event for each time that all are woken. The one worker's thread alone.
struct gates {
    explicit gates(std::uint64_t count) : all(count) {}
    std::deque<event> all;
    std::uint64_t arrived = 0;
};

task<> parking_coroutine(gates* at) {
    for (event& one : at->all) {
        ++at->arrived;
        co_await one.wait();
    }
}

void parking_fiber(gates* at) {
    for (event& one : at->all) {
        ++at->arrived;
        await(one.wait());
    }
}

}  // namespace

sample yield_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers) {
    const auto whole = [=] {
        return gather(tasks, tasks * each, [=](crowd* of, std::uint64_t) {
            return start(on, yielding_coroutine, yielding_fiber, of, each);
        });
    };
    return second_of_two(workers, whole, tasks <= max_twice);
}

sample lock_apart(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers) {
    return lock(on, tasks, each, workers, tasks, false);
}

sample lock_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers, bool suspends) {
    return lock(on, tasks, each, workers, 1, suspends);
}

sample talk_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers,
                     std::uint32_t capacity) {
    const auto whole = [=]() -> task<sample> {
        channel<std::uint64_t> through{capacity};
        co_return co_await gather(tasks, tasks / 2 * each, [&](crowd* of, std::uint64_t member) {
            return member % 2 == 0 ? start(on, sending_coroutine, sending_fiber, of, &through, each)
                                   : start(on, receiving_coroutine, receiving_fiber, of, &through, each);
        });
    };
    return second_of_two(workers, whole);
}

sample set_timers_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers) {
    const auto whole = [=] {
        return gather(tasks, tasks * each,
                      [=](crowd* of, std::uint64_t) { return start(on, timing_coroutine, timing_fiber, of, each); });
    };
    return second_of_two(workers, whole);
}

sample park_together(backend on, std::uint64_t tasks, std::uint64_t each) {
    const auto whole = [=]() -> task<sample> {
        gates at{each + 1};
        std::vector<join_handle<void>> members;
        members.reserve(tasks);
        for (std::uint64_t member = 0; member < tasks; ++member)
            members.push_back(start(on, parking_coroutine, parking_fiber, &at));
        while (at.arrived != tasks) co_await yield_now();
        const stopwatch watch;
        for (std::uint64_t turn = 0; turn < each; ++turn) {
            at.all[turn].set();
            while (at.arrived != (turn + 2) * tasks) co_await yield_now();
        }
        const double each_ns = watch.per_operation(static_cast<double>(tasks * each));
        at.all[each].set();
        for (auto& member : members) co_await member;
        co_return sample{each_ns, at.arrived - tasks, {}};
    };
    return second_of_two(1, whole, tasks <= max_twice);
}

}  // namespace bifilar::experiments
