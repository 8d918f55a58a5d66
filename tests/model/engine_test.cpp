// The model checker checked: it finds planted faults, passes their repairs, and counts what it should count.
// Builds on engine and on the base door of the library.
#include "engine.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/base/detail/thread_gate.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace bifilar;
using base::atomic;
using Catch::Contains;

namespace {

constexpr unsigned unbounded = model::unlimited;

struct counter {
    atomic<int> value{0};
};

void lost_update(model::world& world) {
    auto* const shared = world.make<counter>();
    world.label(&shared->value, "value");
    for (const char* name : {"first", "second"})
        world.thread(name, [=] { shared->value.store(shared->value.load() + 1); });
    world.finally([=] { model::require(shared->value.load() == 2, "an increment was lost"); });
}

// `steps` operations in each of `threads` threads, all independent.
model::body stores(int threads, int steps) {
    return [=](model::world& world) {
        auto* const shared = world.make<counter>();
        for (int t = 0; t < threads; ++t)
            world.thread("t" + std::to_string(t), [=] {
                for (int i = 0; i < steps; ++i) shared->value.fetch_add(1);
            });
        world.finally([=] { model::require(shared->value.load() == threads * steps, "an increment was lost"); });
    };
}

}  // namespace

TEST_CASE("lost_update_is_found_and_replayed", "[engine]") {
    const auto found = model::explore({.name = "lost update", .preemptions = 1}, lost_update);
    REQUIRE(found.failed);
    CHECK(found.sentence == "an increment was lost");
    CHECK_THAT(found.message, Contains("BIFILAR_MODEL_REPLAY=\"" + found.schedule + "\"") && Contains("value") &&
                                  !Contains("went another way"));
    const auto again = model::replay({.name = "lost update"}, lost_update, found.schedule);
    CHECK(again.failed);
    CHECK(again.sentence == found.sentence);
    CHECK(again.schedule == found.schedule);
    CHECK_FALSE(model::replay({}, lost_update, "0").failed);
    CHECK_FALSE(model::explore({.preemptions = 0, .stale_reads = 0}, lost_update).failed);
}

TEST_CASE("random_search_finds_a_lost_update_and_names_its_seed", "[engine]") {
    const auto found = model::explore({.random_executions = 1'000, .seed = 7}, lost_update);
    REQUIRE(found.failed);
    CHECK_THAT(found.message, Contains("BIFILAR_MODEL_SEED="));
    CHECK(model::replay({}, lost_update, found.schedule).sentence == found.sentence);
}

TEST_CASE("executions_are_counted_as_combinatorics_says", "[engine]") {
    // Two threads of n operations: (2n)! / (n! n!).
    for (const auto& [steps, expected] : {std::pair{1, 2U}, {2, 6U}, {3, 20U}, {4, 70U}}) {
        const auto all = model::explore({.preemptions = unbounded, .reduces = false}, stores(2, steps));
        CHECK(all.executions == expected);
        CHECK(all.exhaustive);
    }
    // Three threads of two: 6! / (2! 2! 2!).
    CHECK(model::explore({.preemptions = unbounded, .reduces = false}, stores(3, 2)).executions == 90);
    // No preemption: the orders of whole threads. One preemption of two threads of two: 6 less 0101 and 1010.
    CHECK(model::explore({.preemptions = 0, .reduces = false}, stores(3, 2)).executions == 6);
    CHECK(model::explore({.preemptions = 1, .reduces = false}, stores(2, 2)).executions == 4);
}

TEST_CASE("a_limit_is_reported", "[engine]") {
    const auto cut = model::explore({.preemptions = unbounded, .max_executions = 10}, stores(2, 4));
    CHECK(cut.executions == 10);
    CHECK_FALSE(cut.exhaustive);
}

TEST_CASE("choose_tries_every_value", "[engine]") {
    unsigned seen = 0;
    const auto all = model::explore({}, [&](model::world& world) {
        world.thread("chooser", [&] { seen |= 1U << (model::choose(3) * 2 + model::choose(2)); });
    });
    CHECK(all.executions == 6);
    CHECK(seen == 0x3f);
}

TEST_CASE("spin_lock_excludes", "[engine][base]") {
    struct guarded {
        base::spin_lock lock;
        model::cell<int> inside{0, "inside"};
    };
    for (const int threads : {2, 3})
        model::check({.name = "spin_lock, " + std::to_string(threads) + " threads", .preemptions = 3},
                     [=](model::world& world) {
                         auto* const shared = world.make<guarded>();
                         for (int t = 0; t < threads; ++t)
                             world.thread("t" + std::to_string(t), [=] {
                                 shared->lock.lock();
                                 shared->inside.set(shared->inside.get() + 1);
                                 shared->lock.unlock();
                             });
                         world.finally([=] { model::require(shared->inside.get() == threads, "a section was lost"); });
                     });
}

TEST_CASE("two_gates_waited_for_crosswise_deadlock", "[engine]") {
    struct gates {
        base::thread_gate a, b;
    };
    const auto found = model::explore({}, [](model::world& world) {
        auto* const shared = world.make<gates>();
        world.thread("left", [=] {
            shared->a.wait();
            shared->b.open();
        });
        world.thread("right", [=] {
            shared->b.wait();
            shared->a.open();
        });
    });
    REQUIRE(found.failed);
    CHECK(found.sentence == "deadlock: left waits in a gate, right waits in a gate");
}

TEST_CASE("a_sleeper_may_stay_asleep", "[engine]") {
    CHECK_FALSE(model::explore({}, [](model::world& world) {
                    auto* const gate = world.make<base::thread_gate>();
                    world.sleeper("sleeper", [=] { gate->wait(); });
                }).failed);
}

TEST_CASE("a_timed_wait_ends_both_ways", "[engine]") {
    unsigned seen = 0;
    const auto all = model::explore({}, [&](model::world& world) {
        auto* const gate = world.make<base::thread_gate>();
        world.thread("waiter", [=, &seen] { seen |= gate->wait_for(1'000) ? 1U : 2U; });
        world.thread("opener", [=] { gate->open(); });
    });
    CHECK_FALSE(all.failed);
    CHECK(seen == 3);
}

TEST_CASE("spinning_for_ever_is_a_livelock", "[engine]") {
    const auto found = model::explore({}, [](model::world& world) {
        auto* const shared = world.make<counter>();
        for (const char* name : {"left", "right"})
            world.thread(name, [=] {
                while (shared->value.load() == 0) base::spin_pause();
            });
    });
    REQUIRE(found.failed);
    CHECK(found.sentence == "livelock: left spins, right spins");
}

TEST_CASE("a_bounded_spin_ends", "[engine]") {
    CHECK_FALSE(model::explore({}, [](model::world& world) {
                    auto* const shared = world.make<counter>();
                    world.thread("spinner", [=] {
                        for (int i = 0; i < 64 && shared->value.load() == 0; ++i) base::spin_pause();
                    });
                }).failed);
}

namespace {

// A sleeper and a waker. The sleeper announces itself and sleeps; a correct one looks again in between.
struct parking {
    atomic<int> work{0};
    atomic<int> asleep{0};
    base::thread_gate gate;
};

model::body park(bool looks_again, bool fences) {
    return [=](model::world& world) {
        auto* const shared = world.make<parking>();
        world.thread("sleeper", [=] {
            while (shared->work.load(base::relaxed) == 0) {
                shared->asleep.store(1, base::relaxed);
                if (fences) base::fence_seq_cst();
                if (!looks_again || shared->work.load(base::relaxed) == 0) shared->gate.wait();
            }
        });
        world.thread("waker", [=] {
            shared->work.store(1, base::relaxed);
            if (fences) base::fence_seq_cst();
            if (shared->asleep.load(base::relaxed) == 1) shared->gate.open();
        });
    };
}

}  // namespace

TEST_CASE("check_then_park_loses_a_wake", "[engine]") {
    const auto found = model::explore({.name = "no second look"}, park(false, true));
    REQUIRE(found.failed);
    CHECK(found.sentence == "deadlock: sleeper waits in a gate");
}

TEST_CASE("looking_again_after_the_announcement_keeps_every_wake", "[engine]") {
    model::check({.name = "parker with a second look", .preemptions = 4, .stale_reads = 2}, park(true, true));
}

TEST_CASE("dekker_without_fences_fails_where_loads_may_be_stale", "[engine]") {
    CHECK_FALSE(model::explore({.stale_reads = 0}, park(true, false)).failed);
    const auto found = model::explore({.stale_reads = 1}, park(true, false));
    REQUIRE(found.failed);
    CHECK_THAT(found.message, Contains("STALE") && !Contains("went another way"));
    CHECK(model::replay({.stale_reads = 1}, park(true, false), found.schedule).failed);
}

namespace {

struct message {
    model::cell<int> payload{0, "payload"};
    atomic<bool> ready{false};
};

model::body publish(std::memory_order store, std::memory_order load) {
    return [=](model::world& world) {
        auto* const shared = world.make<message>();
        world.thread("writer", [=] {
            shared->payload.set(42);
            shared->ready.store(true, store);
        });
        world.thread("reader", [=] {
            while (!shared->ready.load(load)) base::spin_pause();
            model::require(shared->payload.get() == 42, "the payload was not there");
        });
    };
}

}  // namespace

TEST_CASE("missing_release_or_acquire_is_a_data_race", "[engine]") {
    CHECK_FALSE(model::explore({}, publish(base::release, base::acquire)).failed);
    CHECK_THAT(model::explore({}, publish(base::relaxed, base::acquire)).sentence, Contains("data race: payload"));
    CHECK_THAT(model::explore({}, publish(base::release, base::relaxed)).sentence, Contains("data race: payload"));
}

TEST_CASE("leaks_exceptions_and_checks_fail_the_execution", "[engine]") {
    // Leaked for the execution only: the test frees what the search and its replay made.
    static std::vector<std::unique_ptr<model::counted>> leaked;
    CHECK_THAT(model::explore({},
                              [](model::world& world) {
                                  world.thread("t", [] { leaked.push_back(std::make_unique<model::counted>()); });
                              })
                   .sentence,
               Contains("leak: 1"));
    leaked.clear();
    CHECK_THAT(
        model::explore({}, [](model::world& world) { world.thread("t", [] { throw std::runtime_error("boom"); }); })
            .sentence,
        Contains("boom"));
    CHECK_THAT(
        model::explore({}, [](model::world& world) { world.thread("t", [] { BIFILAR_CHECK(false, "wrong use"); }); })
            .sentence,
        Contains("wrong use"));
    CHECK_THAT(model::explore({},
                              [](model::world& world) {
                                  auto* const shared = world.make<counter>();
                                  world.thread("t", [=] {
                                      shared->value.fetch_add(1);
                                      shared->value.fetch_add(1);
                                  });
                                  world.always([=] { model::require(shared->value.load() == 0, "not always zero"); });
                              })
                   .sentence,
               Contains("not always zero"));
}
