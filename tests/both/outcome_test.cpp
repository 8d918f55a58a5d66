// A task's value ends once, also when what ends after the return throws.
#include "counted.hpp"
#include "in_each_model.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

using namespace both;

namespace {

using value = std::unique_ptr<tests::counted>;

value make_value(std::atomic<int>& alive) { return std::make_unique<tests::counted>(alive); }

struct throws_at_its_end {
    throws_at_its_end() noexcept {}
    ~throws_at_its_end() noexcept(false) { throw std::runtime_error{"of the destructor"}; }
};

bf::task<value> returns_then_throws(std::atomic<int>& alive) {
    const throws_at_its_end local;
    co_return make_value(alive);
}

bf::task<value> returns_twice(std::atomic<int>& alive) {
    try {
        const throws_at_its_end local;
        co_return make_value(alive);
    } catch (const std::runtime_error&) {
    }
    co_return make_value(alive);
}

bf::task<value> returns_then_waits(std::atomic<int>& alive) {
    try {
        const throws_at_its_end local;
        co_return make_value(alive);
    } catch (const std::runtime_error&) {
    }
    co_await bf::pending();
    co_return nullptr;
}

// Awaits a child of each kind and says how many threw.
bf::task<int> parent(std::atomic<int>& alive) {
    int threw = 0;
    try {
        (void)co_await returns_then_throws(alive);
    } catch (const std::runtime_error&) {
        ++threw;
    }
    if (alive != 0) co_return -1;
    const value second = co_await returns_twice(alive);
    if (alive != 1) co_return -2;
    co_return threw;
}

}  // namespace

TEST_CASE("a_value_ends_when_a_destructor_throws_after_the_return_of_a_child") {
    std::atomic<int> alive{0};
    in_each_model([&](model m, bf::runtime& rt) {
        CHECK(await_in(m, rt, [&alive] { return parent(alive); }) == 1);
        CHECK(alive == 0);
    });
}

TEST_CASE("a_value_ends_when_a_destructor_throws_after_the_return_of_a_spawned_task") {
    std::atomic<int> alive{0};
    bf::runtime rt{small_runtime()};
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        INFO("model: " << bf::to_string(on));
        CHECK_THROWS_WITH(rt.spawn(on, returns_then_throws, std::ref(alive)).join(), "of the destructor");
        CHECK(alive == 0);
        {
            const value got = rt.spawn(on, returns_twice, std::ref(alive)).join();
            CHECK(alive == 1);
        }
        CHECK(alive == 0);
        // A bound call: the lambda has to be kept.
        CHECK_THROWS_WITH(rt.spawn(on, [&alive] { return returns_then_throws(alive); }).join(), "of the destructor");
        CHECK(alive == 0);
    }
}

TEST_CASE("a_value_ends_when_its_task_is_cancelled_after_the_return") {
    std::atomic<int> alive{0};
    in_both([&](bf::backend on) {
        auto task = bf::spawn(on, returns_then_waits, std::ref(alive));
        for (int turn = 0; turn < 100; ++turn) bf::this_fiber::yield();
        task.cancel();
        CHECK(bf::await(task.outcome()).error().is_cancelled());
    }, small_runtime(1));
    CHECK(alive == 0);
}
