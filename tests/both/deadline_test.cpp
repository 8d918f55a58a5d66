// Deadlines: what they do to the future itself, to the tasks that it spawns, and to theirs.
#include "one_worker.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using tests::both_backends;
using tests::let_others_park;
using steady = std::chrono::steady_clock;

namespace {

constexpr auto far = 1h;

// Lives until it is cancelled; counts the living.
bf::task<> wait_for_ever(std::atomic<int>& alive) {
    class presence {
    public:
        explicit presence(std::atomic<int>& of) noexcept : of_{&of} { ++*of_; }
        presence(const presence&) = delete;
        presence& operator=(const presence&) = delete;
        ~presence() { --*of_; }

    private:
        std::atomic<int>* of_;
    };
    const presence here{alive};
    co_await bf::sleep_for(far);
}

// Without keeping the worker: those that are waited for may need it.
void until(const std::atomic<int>& count, int value) {
    while (count.load() != value) bf::await(bf::sleep_for(1ms));
}

}  // namespace

TEST_CASE("a_deadline_gives_the_output_or_timed_out") {
    in_each_model([](model m, bf::runtime& rt) {
        CHECK(await_in(m, rt, [] { return bf::deadline(bf::ready(3), steady::now() + far); }).value() == 3);
        CHECK(await_in(m, rt, [] { return bf::deadline(bf::sleep_for(1ms), far); }).has_value());
        const auto begin = steady::now();
        CHECK_FALSE(await_in(m, rt, [] { return bf::deadline(bf::sleep_for(far), 20ms); }).has_value());
        CHECK(steady::now() - begin >= 20ms);
        // In the past: what is ready at once still wins, as with timeout.
        CHECK(await_in(m, rt, [] { return bf::deadline(bf::ready(4), steady::now() - far); }).value() == 4);
        CHECK_FALSE(await_in(m, rt, [] { return bf::deadline(bf::sleep_for(far), steady::now() - 1s); }).has_value());
    });
}

TEST_CASE("a_deadline_is_in_force_while_its_future_runs_and_not_outside") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto moment = steady::now() + far;
        const auto body = [moment]() -> bf::task<bool> {
            bool right = !bf::current_deadline();
            const auto look = [](std::optional<steady::time_point> expected) -> bf::task<bool> {
                const bool before = bf::current_deadline() == expected;
                co_await bf::yield_now();
                const bool after = bf::current_deadline() == expected;
                co_return before ? after : false;
            };
            right = right && (co_await bf::deadline(look(moment), moment)).value();
            right = right && !bf::current_deadline() && co_await look(std::nullopt);
            const auto nested = [&]() -> bf::task<bool> {
                // Nearer: it holds. Farther: the outer one does.
                bool good = (co_await bf::deadline(look(moment - 1s), moment - 1s)).value();
                good = good && (co_await bf::deadline(look(moment), moment + 1s)).value();
                good = good && bf::current_deadline() == moment;
                co_return good;
            };
            right = right && (co_await bf::deadline(nested(), moment)).value();
            // Beside each other in one task: each sees its own.
            auto pair = bf::join_all(bf::deadline(look(moment), moment), look(std::nullopt));
            auto [with, without] = co_await std::move(pair);
            right = right && with.value() && without && !bf::current_deadline();
            co_return right;
        };
        CHECK(await_in(m, rt, body));
        CHECK_FALSE(bf::current_deadline().has_value());
    });
}

TEST_CASE("an_exception_leaves_no_deadline_behind") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto body = []() -> bf::task<bool> {
            const auto fails = []() -> bf::task<> {
                co_await bf::yield_now();
                throw 7;
            };
            int caught = 0;
            try {
                (void)co_await bf::deadline(fails(), far);
            } catch (int number) {
                caught = number;
            }
            co_return caught == 7 && !bf::current_deadline();
        };
        CHECK(await_in(m, rt, body));
    });
}

TEST_CASE("children_of_any_kind_are_cancelled_at_the_inherited_deadline") {
    for (const bf::backend on : both_backends) {
        std::atomic<int> alive{0};  // Outlives the runtimes, and with them whoever begins at the last moment.
        in_each_model([&alive, on](model m, bf::runtime& rt) {
            bool begun = false;
            // A parent that does not come to begin by the deadline shows nothing: again, with more time.
            for (auto length = 250ms; !begun; length *= 2) {
                bool inherited = false;
                std::optional<bf::join_handle<void>> parent;
                const auto moment = steady::now() + length;
                const auto body = [&]() -> bf::task<int> {
                    const auto family = [&]() -> bf::task<> {
                        begun = true;
                        bf::spawn(on, wait_for_ever, std::ref(alive)).detach();
                        inherited = bf::current_deadline() == moment;
                        // Its own end changes nothing for the child that it leaves behind.
                        co_return;
                    };
                    rt.spawn(on, wait_for_ever, std::ref(alive)).detach();
                    auto child = rt.spawn(on, wait_for_ever, std::ref(alive));
                    parent.emplace(rt.spawn(on, family));
                    co_return (co_await child.outcome()).has_value() ? 1 : 2;
                };
                const auto answer = await_in(m, rt, [&] { return bf::deadline(body(), moment); });
                CHECK(steady::now() >= moment);
                // The child's end may have been seen first: then it was by cancellation.
                CHECK((!answer || *answer == 2));
                (void)bf::block_on(parent->outcome());
                until(alive, 0);
                CHECK(inherited == begun);
            }
        });
    }
}

TEST_CASE("a_deadline_outlives_its_future_for_those_that_inherited_it") {
    for (const bf::backend on : both_backends) {
        bf::runtime rt{small_runtime(2)};
        std::atomic<int> alive{0};
        const auto begin = steady::now();
        std::optional<bf::join_handle<void>> left;
        rt.run([&] {
            auto spawns = [&]() -> bf::task<> {
                left.emplace(bf::spawn(on, wait_for_ever, std::ref(alive)));
                co_return;
            };
            CHECK(bf::await(bf::deadline(spawns(), 30ms)).has_value());
        });
        CHECK_THROWS_AS(left->join(), bf::task_cancelled);
        CHECK(steady::now() - begin >= 30ms);
    }
}

TEST_CASE("scopes_inherit_deadlines") {
    for (const bf::backend on : both_backends) {
        std::atomic<int> alive{0};
        bf::runtime rt{small_runtime(2)};
        rt.run([&] {
            auto body = [&](bf::task_scope& scope) -> bf::task<> {
                for (int n = 0; n < 10; ++n) scope.spawn(on, wait_for_ever, std::ref(alive));
                // One that waits for another, which is asked to end at the same time.
                auto waited = scope.spawn(on, wait_for_ever, std::ref(alive));
                scope.spawn(on, [](bf::child_handle<void> other) -> bf::task<> { co_await other; }, std::move(waited));
                co_await bf::sleep_for(far);
            };
            CHECK_FALSE(bf::await(bf::deadline(bf::with_scope(body), 20ms)).has_value());
            CHECK(alive == 0);
            // A scope of a fiber that is itself a child.
            auto make = [&] {
                return bf::spawn(bf::backend::stackful, [&] {
                    bf::task_scope scope;
                    auto waited = scope.spawn(on, wait_for_ever, std::ref(alive));
                    scope.spawn(
                        on, [](bf::child_handle<void> other) -> bf::task<> { co_await other; }, std::move(waited));
                });
            };
            // It ends well or by cancellation, as it happens; what counts is that it ends and that nobody hears of an
            // error.
            (void)bf::await(bf::deadline(make, 20ms));
            until(alive, 0);
        });
    }
}

TEST_CASE("a_task_that_has_not_begun_by_its_deadline_does_not_begin") {
    tests::on_one_worker([](bf::backend on) {
        bool began = false;
        const auto body = [&began]() -> bf::task<> {
            began = true;
            co_return;
        };
        std::optional<bf::join_handle<void>> child;
        // Spawned after the moment.
        auto late = [&]() -> bf::task<> {
            child.emplace(bf::spawn(on, body));
            co_await bf::sleep_for(far);
        };
        CHECK_FALSE(bf::await(bf::deadline(late(), steady::now() - 1ms)).has_value());
        CHECK(bf::await(child->outcome()).error().is_cancelled());
        // Spawned before, and held up by its only worker.
        auto held_up = [&]() -> bf::task<> {
            child.emplace(bf::spawn(on, body));
            std::this_thread::sleep_for(10ms);
            co_return;
        };
        CHECK(bf::await(bf::deadline(held_up(), 5ms)).has_value());
        CHECK(bf::await(child->outcome()).error().is_cancelled());
        CHECK_FALSE(began);
    });
}

TEST_CASE("a_nested_deadline_can_only_shorten") {
    for (const bf::backend on : both_backends) {
        std::atomic<int> alive{0};
        bf::runtime rt{small_runtime(2)};
        rt.run([&alive, on] {
            const auto begin = steady::now();
            bool inner_answered = false;
            auto nested = [&]() -> bf::task<> {
                auto child = [&]() -> bf::task<> { co_await bf::spawn(on, wait_for_ever, std::ref(alive)); };
                (void)co_await bf::deadline(child(), far);
                inner_answered = true;
            };
            CHECK_FALSE(bf::await(bf::deadline(nested(), 20ms)).has_value());
            CHECK(steady::now() - begin < far / 2.0);
            CHECK_FALSE(inner_answered);
            until(alive, 0);
            // The inner one first: the outer future goes on.
            auto shorter = [&]() -> bf::task<bool> {
                auto answer = co_await bf::deadline(bf::sleep_for(far), 5ms);
                co_return !answer.has_value();
            };
            CHECK(bf::await(bf::deadline(shorter(), far)).value());
        });
    }
}

TEST_CASE("a_task_may_be_spawned_without_the_deadline") {
    for (const bf::backend on : both_backends) {
        bf::runtime rt{small_runtime(2)};
        rt.run([on] {
            bf::spawn_options alone;
            alone.on = on;
            alone.inherit_locals = false;
            auto make = [&] {
                return bf::spawn(alone, []() -> bf::task<bool> {
                    const bool none = !bf::current_deadline();
                    co_await bf::sleep_for(20ms);
                    co_return none;
                });
            };
            std::optional<bf::join_handle<bool>> child;
            auto spawns = [&]() -> bf::task<> {
                child.emplace(make());
                co_return;
            };
            CHECK(bf::await(bf::deadline(spawns(), 5ms)).has_value());
            CHECK(bf::await(*child));
        });
    }
}

TEST_CASE("blocking_jobs_know_the_deadline_and_do_not_begin_after_it") {
    bf::runtime_options options = small_runtime(2);
    options.max_blocking_threads = 1;
    bf::runtime rt{options};
    rt.run([] {
        bool first_ran = false;
        // A first job that does not come to begin by the deadline shows little: again, with more time.
        for (auto length = 200ms; !first_ran; length *= 2) {
            std::optional<bf::join_handle<bool>> first;
            std::optional<bf::join_handle<void>> second;
            bool second_ran = false;
            auto spawns = [&]() -> bf::task<> {
                first.emplace(bf::spawn_blocking([length] {
                    const bool known = bf::current_deadline().has_value();
                    std::this_thread::sleep_for(length);  // From then on it is past the deadline.
                    return known;
                }));
                second.emplace(bf::spawn_blocking([&second_ran] { second_ran = true; }));
                co_return;
            };
            CHECK(bf::await(bf::deadline(spawns(), length)).has_value());
            const auto known = bf::await(first->outcome());
            first_ran = known.has_value();
            if (first_ran) CHECK(*known);
            CHECK(bf::await(second->outcome()).error().is_cancelled());
            CHECK_FALSE(second_ran);
        }
    });
}

// Whoever waits for a task with the same deadline may hear of its end before it is asked to end itself. That is no
// error of its own, and nobody hears of an exception.
TEST_CASE("waiting_for_each_other_at_the_deadline_is_no_exception") {
    for (const bf::backend on : both_backends) {
        std::atomic<int> lost{0};
        std::atomic<int> alive{0};
        {
            bf::runtime_options options = small_runtime(4);
            options.on_detached_exception = [&](std::exception_ptr) { ++lost; };
            bf::runtime rt{options};
            const auto chain = [&](auto& self, int depth) -> bf::task<> {
                if (depth == 0) co_return co_await wait_for_ever(alive);
                co_await bf::spawn(on, self, std::ref(self), depth - 1);
            };
            rt.run([&] {
                for (int round = 0; round < 30; ++round) {
                    auto spawns = [&]() -> bf::task<> {
                        for (int n = 0; n < 5; ++n) bf::spawn(on, chain, std::ref(chain), 4).detach();
                        co_await chain(chain, 3);
                    };
                    const auto answer = bf::await(bf::deadline(spawns(), 3ms));
                    CHECK_FALSE(answer.has_value());
                }
            });
            CHECK(rt.shutdown().clean());
        }
        CHECK(lost == 0);
        CHECK(alive == 0);
    }
}

// Ends of all kinds around the same moment; the wheels check at their ends that nothing is left in them.
TEST_CASE("completion_cancellation_and_deadline_race") {
    for (const bf::backend on : both_backends) {
        std::atomic<int> cancelled{0};
        std::atomic<int> completed{0};
        int total = 0;
        constexpr int rounds = 20;
        constexpr int children = 200;
        {
            bf::runtime rt{small_runtime(4)};
            rt.run([&] {
                // More of them where all ends come so late that they are completions.
                for (int round = 0; round < rounds || (cancelled == 0 && round < 50 * rounds); ++round) {
                    total += children;
                    std::vector<bf::join_handle<void>> all;
                    auto spawns = [&]() -> bf::task<> {
                        for (int n = 0; n < children; ++n)
                            all.push_back(bf::spawn(on, [n]() -> bf::task<> {
                                co_await bf::sleep_for(std::chrono::microseconds{1'500 + n * 5});
                            }));
                        co_return;
                    };
                    (void)bf::await(bf::deadline(spawns(), 2ms));
                    for (std::size_t n = 0; n < all.size(); n += 7) all[n].cancel();
                    for (auto& one : all) ++(bf::await(one.outcome()).has_value() ? completed : cancelled);
                }
            });
        }
        CHECK(cancelled + completed == total);
        CHECK(cancelled > 0);
    }
}

TEST_CASE("children_that_end_in_time_leave_nothing_behind") {
    bf::runtime rt{small_runtime(4)};
    for (const bf::backend on : both_backends) {
        const int sum = rt.run([on] {
            auto spawns = [on]() -> bf::task<int> {
                std::vector<bf::join_handle<int>> all;
                for (int n = 0; n < 5'000; ++n)
                    all.push_back(bf::spawn(on, []() -> bf::task<int> {
                        co_await bf::yield_now();
                        co_return 1;
                    }));
                int total = 0;
                for (auto& one : all) total += co_await one;
                co_return total;
            };
            return bf::await(bf::deadline(spawns(), far)).value();
        });
        CHECK(sum == 5'000);
    }
}

TEST_CASE("a_runtime_ends_while_deadlines_are_pending") {
    for (const bf::backend on : both_backends) {
        std::atomic<int> alive{0};
        {
            bf::runtime rt{small_runtime(2)};
            const auto spawns = [&]() -> bf::task<> {
                for (int n = 0; n < 100; ++n) rt.spawn(on, wait_for_ever, std::ref(alive)).detach();
                co_return;
            };
            // From a plain thread, whose own wheel nobody serves afterwards.
            CHECK(bf::block_on(bf::deadline(spawns(), far)).has_value());
            until(alive, 100);
        }
        CHECK(alive == 0);
    }
}
