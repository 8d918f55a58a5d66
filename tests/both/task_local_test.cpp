// task_local: whose value it is, who inherits it, and when it ends; in both models and on plain threads.
#include "one_worker.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using tests::both_backends;
using tests::let_others_park;

namespace {

constinit bf::task_local<int> number;
constinit bf::task_local<std::string> request{bf::inherit::yes};
constinit bf::fiber_local<std::unique_ptr<int>> owned;

// Notes its end.
class noted {
public:
    noted(int id, std::vector<int>& ends) : id_{id}, ends_{&ends} {}
    noted(const noted&) = delete;
    noted& operator=(const noted&) = delete;
    ~noted() { ends_->push_back(id_); }

private:
    int id_;
    std::vector<int>* ends_;
};
constinit bf::task_local<noted> first;
constinit bf::task_local<noted> second;

// Counts its living copies; may refuse to be copied.
class counted {
public:
    counted() { ++alive; }
    counted(const counted&) {
        if (refuses) throw std::runtime_error{"no copy today"};
        ++alive;
    }
    counted& operator=(const counted&) = default;
    ~counted() { --alive; }

    static inline std::atomic<int> alive{0};
    static inline std::atomic<bool> refuses{false};
};
constinit bf::task_local<counted> inherited{bf::inherit::yes};

std::string seen() { return request.get_or("nothing"); }

bf::task<std::string> see_later() {
    co_await bf::yield_now();
    co_return seen();
}

}  // namespace

TEST_CASE("a_task_local_is_set_replaced_and_reset") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto body = [] {
            CHECK(number.get() == nullptr);
            CHECK(number.get_or(5) == 5);
            int& value = number.set(1);
            CHECK(&number.set(2) == &value);
            CHECK(*number.get() == 2);
            CHECK(number.emplace(3) == 3);
            number.reset();
            CHECK(number.get() == nullptr);
            number.reset();
            owned.set(std::make_unique<int>(7));
            CHECK(**owned.get() == 7);
            owned.reset();
            return true;
        };
        CHECK(await_in(m, rt, [&] { return bf::lazy(body); }));
    });
}

TEST_CASE("a_task_local_may_be_aligned_widely") {
    struct alignas(128) wide {
        int value = 0;
    };
    static constinit bf::task_local<wide> key;
    bf::runtime rt{small_runtime(1)};
    for (const bf::backend on : both_backends)
        rt.spawn(on, [] {
              wide& at = key.emplace();
              CHECK(reinterpret_cast<std::uintptr_t>(&at) % 128 == 0);
          }).join();
}

TEST_CASE("tasks_do_not_see_each_other_s_values") {
    for (const bf::backend on : both_backends) {
        bf::runtime rt{small_runtime(2)};
        const auto body = [](int mine) -> bf::task<bool> {
            bool good = number.get() == nullptr;
            number.set(mine);
            for (int turn = 0; turn < 50; ++turn) {
                co_await bf::yield_now();
                good = good && *number.get() == mine + turn;
                ++*number.get();
            }
            co_return good;
        };
        std::vector<bf::join_handle<bool>> all;
        for (int n = 0; n < 20; ++n) all.push_back(rt.spawn(on, body, n * 1'000));
        for (auto& one : all) CHECK(one.join());
        CHECK(number.get() == nullptr);
    }
}

TEST_CASE("a_plain_thread_has_values_of_its_own_which_end_with_it") {
    std::vector<int> ends;
    std::thread{[&] {
        number.set(4);
        first.emplace(1, ends);
        second.emplace(2, ends);
        CHECK(*number.get() == 4);
        // A future that the thread drives finds the thread's.
        CHECK(bf::block_on(bf::lazy([] { return *number.get(); })) == 4);
    }}.join();
    CHECK(ends == std::vector<int>{2, 1});
    CHECK(number.get() == nullptr);
}

TEST_CASE("values_follow_a_task_from_worker_to_worker") {
    for (const bf::backend on : both_backends) {
        bf::runtime rt{small_runtime(4)};
        std::mutex lock;
        std::set<std::thread::id> threads;
        std::atomic<bool> shared{false};  // By two workers at least.
        std::atomic<int> wrong{0};
        const auto body = [&](int mine) -> bf::task<> {
            number.set(mine);
            owned.set(std::make_unique<int>(mine));
            for (int turn = 0; turn < 30 || !shared; ++turn) {
                if (turn % 3 == 0)
                    co_await bf::sleep_for(100us);
                else
                    co_await bf::yield_now();
                if (*number.get() != mine || **owned.get() != mine) ++wrong;
                const std::lock_guard guard{lock};
                threads.insert(std::this_thread::get_id());
                if (threads.size() > 1) shared = true;
            }
        };
        bf::spawn_options options;
        options.on = on;
        options.migratable = true;
        std::vector<bf::join_handle<void>> all;
        for (int n = 0; n < 300; ++n) all.push_back(rt.spawn(options, body, n));
        for (auto& one : all) one.join();
        CHECK(wrong == 0);
        CHECK(threads.size() > 1);
    }
}

TEST_CASE("ten_thousand_tasks_keep_and_end_their_values") {
    counted::alive = 0;
    {
        bf::runtime rt{small_runtime(4)};
        const int good = rt.run([] {
            inherited.emplace();
            std::vector<bf::join_handle<bool>> all;
            for (int n = 0; n < 10'000; ++n)
                all.push_back(bf::spawn(both_backends[n % 10 == 0], [n]() -> bf::task<bool> {
                    number.set(n);
                    co_await bf::yield_now();
                    co_return *number.get() == n&& inherited.get() != nullptr;
                }));
            int right = 0;
            for (auto& one : all) right += bf::await(one) ? 1 : 0;
            return right;
        });
        CHECK(good == 10'000);
        CHECK(counted::alive == 0);
    }
}

TEST_CASE("marked_values_are_copied_to_children_when_they_are_spawned") {
    tests::on_one_worker([](bf::backend on) {
        request.set("a");
        number.set(1);
        auto child = bf::spawn(on, [on]() -> bf::task<std::string> {
            std::string all = seen() + (number.get() == nullptr ? "-" : "!");
            auto grandchild = bf::spawn(on, see_later);
            request.set("c");
            all += co_await grandchild;
            co_return all + seen();
        });
        request.set("b");
        CHECK(bf::await(child) == "a-ac");
        CHECK(seen() == "b");
        CHECK(bf::await(bf::spawn(on, see_later)) == "b");
        request.reset();
        CHECK(bf::await(bf::spawn(on, see_later)) == "nothing");
    });
}

TEST_CASE("every_form_of_spawn_inherits") {
    tests::on_one_worker([](bf::backend on) {
        request.set("r");
        CHECK(bf::await(bf::spawn(see_later)) == "r");
        CHECK(bf::await(bf::spawn(on, see_later())) == "r");
        CHECK(bf::await(bf::spawn(on, &seen)) == "r");
        const std::string more = "+";
        CHECK(bf::await(bf::spawn(on, [more]() -> bf::task<std::string> { co_return seen() + more; })) == "r+");
        CHECK(bf::await(bf::spawn(on, bf::lazy(&seen))) == "r");
        CHECK(bf::await(bf::spawn_blocking(&seen)) == "r");
        {
            bf::task_scope scope;
            auto child = scope.spawn(on, see_later);
            CHECK(bf::await(child) == "r");
        }
        auto scoped = [on](bf::task_scope& scope) -> bf::task<std::string> {
            co_return co_await scope.spawn(on, see_later);
        };
        CHECK(bf::await(bf::with_scope(scoped)) == "r");
        bf::spawn_options alone;
        alone.on = on;
        alone.inherit_locals = false;
        CHECK(bf::await(bf::spawn(alone, see_later)) == "nothing");
        CHECK(bf::await(bf::spawn(on, see_later)) == "r");
    });
    // From a plain thread.
    bf::runtime rt{small_runtime(2)};
    request.set("thread");
    for (const bf::backend on : both_backends) CHECK(rt.spawn(on, see_later).join() == "thread");
    CHECK(rt.run(&seen) == "thread");
    request.reset();
    CHECK(rt.run(&seen) == "nothing");
}

TEST_CASE("a_blocking_job_has_values_of_its_own") {
    bf::runtime_options options = small_runtime(1);
    options.max_blocking_threads = 1;
    bf::runtime rt{options};
    std::vector<int> ends;
    rt.run([&] {
        for (int round = 1; round <= 3; ++round) {
            bf::await(bf::spawn_blocking([&, round] {
                CHECK(first.get() == nullptr);
                first.emplace(round, ends);
                CHECK(first.get() != nullptr);
            }));
            // Ended before the job counts as done.
            CHECK(ends.size() == static_cast<std::size_t>(round));
        }
    });
}

TEST_CASE("a_copy_that_throws_comes_out_of_spawn") {
    for (const bf::backend on : both_backends) {
        counted::alive = 0;
        {
            bf::runtime rt{small_runtime(2)};
            rt.run([on] {
                inherited.emplace();
                counted::refuses = true;
                bool ran = false;
                auto argument = std::make_shared<int>(1);
                const auto body = [&ran](std::shared_ptr<int>) -> bf::task<> {
                    ran = true;
                    co_return;
                };
                CHECK_THROWS_AS(bf::spawn(on, body, argument), std::runtime_error);
                CHECK_THROWS_AS(bf::spawn_blocking([argument] {}), std::runtime_error);
                bf::task_scope scope;
                CHECK_THROWS_AS(scope.spawn(on, body, argument), std::runtime_error);
                CHECK(scope.alive() == 0);
                counted::refuses = false;
                CHECK_FALSE(ran);
                CHECK(argument.use_count() == 1);
                bf::await(bf::spawn(on, body, argument));
                CHECK(ran);
            });
            CHECK(counted::alive == 0);
            CHECK(rt.shutdown().clean());
            inherited.emplace();
            CHECK_THROWS_AS(rt.spawn(on, [] {}), std::logic_error);
            CHECK(counted::alive == 1);
            inherited.reset();
        }
        CHECK(counted::alive == 0);
    }
}

TEST_CASE("a_child_that_runs_inside_of_its_parent_s_poll_has_its_own_values") {
    bf::runtime rt{small_runtime(1)};
    const bool good = rt.spawn([]() -> bf::task<bool> {
                            number.set(1);
                            bool right = true;
                            for (int n = 0; n < 100; ++n) {
                                auto body = [](int mine) -> bf::task<int> {
                                    const bool fresh = number.get() == nullptr;
                                    number.set(mine);
                                    co_return fresh ? *number.get() : -1;
                                };
                                right = right && co_await bf::spawn(body, n) == n && *number.get() == 1;
                            }
                            co_return right;
                        }).join();
    CHECK(good);
}
