// When task_local values end: with the body, however it ends, newest first and once.
#include "one_worker.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace both;
using tests::both_backends;
using tests::let_others_park;

namespace {

constinit bf::task_local<int> number;
constinit bf::task_local<std::string> request{bf::inherit::yes};

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
constinit bf::task_local<noted> third;

// Counts its living copies.
class counted {
public:
    counted() { ++alive; }
    counted(const counted&) { ++alive; }
    counted& operator=(const counted&) = default;
    ~counted() { --alive; }

    static inline std::atomic<int> alive{0};
};
constinit bf::task_local<counted> inherited{bf::inherit::yes};

}  // namespace

TEST_CASE("values_end_with_the_body_newest_first_however_it_ends") {
    enum class ending { value, exception, cancelled };
    for (const ending how : {ending::value, ending::exception, ending::cancelled})
        tests::on_one_worker([how](bf::backend on) {
            std::vector<int> ends;
            bf::event go;
            auto handle = bf::spawn(on, [&]() -> bf::task<> {
                const noted local{0, ends};
                first.emplace(1, ends);
                second.emplace(2, ends);
                third.emplace(3, ends);
                second.emplace(4, ends);  // Anew: now it is the newest.
                co_await go.wait();
                if (how == ending::exception) throw std::runtime_error{"over"};
            });
            let_others_park();
            CHECK(ends == std::vector<int>{2});
            if (how == ending::cancelled)
                handle.cancel();
            else
                go.set();
            CHECK(bf::await(handle.outcome()).has_value() == (how == ending::value));
            CHECK(ends == std::vector<int>{2, 0, 4, 3, 1});
        });
}

TEST_CASE("inherited_values_end_when_the_task_never_begins_or_is_shut_down") {
    for (const bf::backend on : both_backends) {
        counted::alive = 0;
        {
            bf::runtime rt{small_runtime(1)};
            rt.run([on] {
                inherited.emplace();
                auto never_begun = bf::spawn(on, bf::yield_now());
                CHECK(counted::alive == 2);
                never_begun.cancel();
                CHECK_FALSE(bf::await(never_begun.outcome()).has_value());
                CHECK(counted::alive == 1);
            });
            CHECK(counted::alive == 0);
            bf::event never;
            inherited.emplace();
            for (int n = 0; n < 100; ++n)
                rt.spawn(on, [](bf::event& e) -> bf::task<> { co_await e.wait(); }, std::ref(never)).detach();
            inherited.reset();
            CHECK(rt.shutdown().clean());
            CHECK(counted::alive == 0);
        }
    }
}

TEST_CASE("values_that_a_refused_spawn_has_copied_end") {
    for (const bf::backend on : both_backends) {
        counted::alive = 0;
        bf::runtime rt{small_runtime(1)};
        CHECK(rt.shutdown().clean());
        inherited.emplace();
        CHECK_THROWS_AS(rt.spawn(on, [] {}), std::logic_error);
        CHECK(counted::alive == 1);
        inherited.reset();
        CHECK(counted::alive == 0);
    }
}

TEST_CASE("tasks_of_one_that_has_values_run_in_the_order_of_any_others") {
    tests::on_one_worker([](bf::backend on) {
        const auto order_of_children = [on](bool has_a_value) {
            std::vector<int> order;
            auto parent = bf::spawn(on, [&] {
                if (has_a_value) number.set(1);
                for (int n = 0; n < 4; ++n) bf::spawn(on, [n, &order] { order.push_back(n); }).detach();
            });
            let_others_park();
            bf::await(parent);
            return order;
        };
        CHECK(order_of_children(true) == std::vector<int>{3, 0, 1, 2});
        CHECK(order_of_children(false) == std::vector<int>{3, 0, 1, 2});
    });
}

namespace {

constinit bf::task_local<int> left_behind;

// Looks at what else the task has when it ends.
class curious {
public:
    explicit curious(std::vector<std::string>& told) : told_{&told} {}
    curious(const curious&) = delete;
    curious& operator=(const curious&) = delete;
    ~curious();

private:
    std::vector<std::string>* told_;
};
constinit bf::task_local<curious> asks;

curious::~curious() {
    told_->push_back(asks.get() == nullptr ? "gone" : "there");
    told_->push_back(request.get_or("nothing"));
    left_behind.set(1);
    told_->push_back(number.get() == nullptr ? "ended" : "alive");
}

}  // namespace

TEST_CASE("a_value_that_ends_may_use_the_others_and_not_itself") {
    for (const bf::backend on : both_backends) {
        std::vector<std::string> told;
        bf::runtime rt{small_runtime(1)};
        rt.spawn(on, [&told] {
              request.set("older");
              asks.emplace(told);
              number.set(1);
          }).join();
        CHECK(told == std::vector<std::string>{"gone", "older", "ended"});
        CHECK(rt.spawn(on, [] { return left_behind.get() == nullptr; }).join());
    }
}

namespace {

// Notes how many children its scope has when it ends, and when a copy of it does.
class watches_scope {
public:
    watches_scope(const bf::task_scope& scope, std::vector<std::uint64_t>& seen) : scope_{&scope}, seen_{&seen} {}
    watches_scope(const watches_scope&) = default;
    watches_scope& operator=(const watches_scope&) = delete;
    ~watches_scope() { seen_->push_back(scope_->alive()); }

private:
    const bf::task_scope* scope_;
    std::vector<std::uint64_t>* seen_;
};
constinit bf::task_local<watches_scope> own_watch;
constinit bf::task_local<watches_scope> inherited_watch{bf::inherit::yes};

// Tells whether it was refused to wait at its end.
class tries_to_wait {
public:
    explicit tries_to_wait(bool& refused) : refused_{&refused} {}
    tries_to_wait(const tries_to_wait&) = delete;
    tries_to_wait& operator=(const tries_to_wait&) = delete;
    ~tries_to_wait() {
        try {
            bf::await(bf::yield_now());
        } catch (const std::logic_error&) {
            *refused_ = true;
        }
    }

private:
    bool* refused_;
};
constinit bf::task_local<tries_to_wait> waits;

}  // namespace

TEST_CASE("the_values_of_a_child_end_before_its_scope_may") {
    tests::on_one_worker([](bf::backend on) {
        std::vector<std::uint64_t> seen;
        bf::event go;
        bf::task_scope scope;
        for (const bool throws : {false, true})
            scope.spawn(on, [&scope, &seen, &go, throws]() -> bf::task<> {
                own_watch.emplace(scope, seen);
                co_await go.wait();
                if (throws) throw std::runtime_error{"over"};
            });
        let_others_park();
        go.set();
        CHECK_THROWS_WITH(bf::await(scope.join()), "over");
        std::sort(seen.begin(), seen.end());
        CHECK(seen == std::vector<std::uint64_t>{1, 2});
    });
}

TEST_CASE("a_value_of_a_child_is_refused_to_wait_when_it_ends") {
    tests::on_one_worker([](bf::backend on) {
        bool refused = false;
        bf::task_scope scope;
        scope.spawn(on, [&refused] { waits.emplace(refused); });
        bf::await(scope.join());
        CHECK(refused);
    });
}

TEST_CASE("the_values_of_a_child_that_never_begins_end_before_its_scope_and_those_of_its_spawner_stay") {
    tests::on_one_worker([](bf::backend on) {
        std::vector<std::uint64_t> seen;
        bf::task_scope scope;
        inherited_watch.emplace(scope, seen);
        scope.cancel();
        scope.spawn(on, [] {});
        auto asked = scope.spawn(on, [] {});
        asked.cancel();
        bf::await(scope.join());
        std::sort(seen.begin(), seen.end());
        CHECK(seen == std::vector<std::uint64_t>{1, 2});
        bf::spawn_options nowhere;
        nowhere.on = on;
        nowhere.worker = 99;
        CHECK_THROWS_AS(scope.spawn(nowhere, [] {}), std::invalid_argument);
        CHECK(scope.alive() == 0);
        REQUIRE(inherited_watch.get() != nullptr);
        CHECK(seen.size() == 2);
        inherited_watch.reset();
    });
}

TEST_CASE("a_spawn_without_locals_is_alone_in_that") {
    static constinit bf::task_local<int> inherited{bf::inherit::yes};
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{both::small_runtime(1)};
        rt.run([&] {
            inherited.set(7);
            const auto look = [](int) -> bf::task<int> { co_return inherited.get_or(0); };
            bf::spawn_options alone;
            alone.on = on;
            alone.inherit_locals = false;
            // What the callable spawns while it makes its coroutine is another spawn.
            int usual = 0;
            const auto spawns = [&](int) {
                usual = bf::await(bf::spawn(on, look, 0)) + bf::await(bf::spawn(alone, look, 0));
                return look(0);
            };
            CHECK(bf::await(bf::spawn(alone, look, 0)) == 0);
            CHECK(bf::await(bf::spawn(on, look, 0)) == 7);
            if (on == bf::backend::stackful) {
                CHECK(bf::await(bf::spawn(alone, spawns, 0)) == 0);
                CHECK(usual == 0);  // Their spawner has none.
            } else {
                bf::spawn_options child = alone;
                const auto made = [&](int n) {
                    (void)bf::spawn(child, look, n);
                    return look(n);
                };
                CHECK(bf::await(bf::spawn(alone, made, 0)) == 0);
            }
        });
    }
}
