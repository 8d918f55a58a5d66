// A limit on the time of a task and of plain code: whatever it was over has ended when timeout answers.
#include "one_worker.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>

using namespace both;
using namespace std::chrono_literals;

namespace {

constexpr auto far = 1h;

// Alive from its start to its end, however it ends.
class presence {
public:
    explicit presence(std::atomic<int>& of) noexcept : of_{&of} { ++*of_; }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;
    ~presence() { --*of_; }

private:
    std::atomic<int>* of_;
};

bf::task<int> wait_in_coroutine(std::atomic<int>& alive) {
    const presence here{alive};
    co_await bf::sleep_for(far);
    co_return 1;
}
int wait_in_fiber(std::atomic<int>& alive) {
    const presence here{alive};
    bf::await(bf::sleep_for(far));
    return 1;
}

bf::join_handle<int> spawn_waiter(bf::runtime& rt, bf::backend on, std::atomic<int>& alive) {
    if (on == bf::backend::stackful) return rt.spawn(on, wait_in_fiber, std::ref(alive));
    return rt.spawn(on, wait_in_coroutine, std::ref(alive));
}

}  // namespace

TEST_CASE("a_task_whose_time_is_up_has_ended_when_timeout_answers") {
    in_each_model([](model m, bf::runtime& rt) {
        for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
            std::atomic<int> alive{0};
            const auto late = await_in(m, rt, [&] { return bf::timeout(spawn_waiter(rt, on, alive), 5ms); });
            CHECK_FALSE(late.has_value());
            CHECK(alive == 0);
        }
    });
}

TEST_CASE("a_task_that_ends_in_time_gives_its_value_or_its_exception") {
    in_each_model([](model m, bf::runtime& rt) {
        CHECK(await_in(m, rt, [&] { return bf::timeout(rt.spawn([] { return 7; }), far); }).value() == 7);
        CHECK(await_in(m, rt, [&] { return bf::timeout(rt.spawn([] {}), far); }).has_value());
        CHECK_THROWS_AS(
            await_in(m, rt, [&] { return bf::timeout(rt.spawn([] { throw std::range_error{"own"}; }), far); }),
            std::range_error);
        // Cancelled by somebody else.
        CHECK_THROWS_AS(await_in(m, rt,
                                 [&] {
                                     auto own = rt.spawn([]() -> bf::task<> { co_await bf::sleep_for(far); });
                                     own.cancel();
                                     return bf::timeout(std::move(own), far);
                                 }),
                        bf::task_cancelled);
    });
}

TEST_CASE("a_timeout_whose_task_has_thrown_is_at_rest") {
    bf::runtime rt{small_runtime(1)};
    auto limited = bf::timeout(rt.spawn([] { throw std::range_error{"own"}; }), far);
    CHECK_FALSE(limited.at_rest());
    CHECK_THROWS_AS(bf::block_on(limited), std::range_error);
    CHECK(limited.at_rest());
}

TEST_CASE("a_timeout_that_is_dropped_asks_its_task_to_end") {
    tests::on_one_worker([](bf::backend on) {
        std::atomic<int> alive{0};
        auto waiter = on == bf::backend::stackful ? bf::spawn(on, wait_in_fiber, std::ref(alive))
                                                  : bf::spawn(on, wait_in_coroutine, std::ref(alive));
        const bf::cancel_handle task = waiter.cancel_handle();
        tests::let_others_park();
        {
            const auto dropped = bf::timeout(std::move(waiter), far);
            CHECK(alive == 1);
        }
        tests::let_others_park();
        CHECK(task.done());
        CHECK(alive == 0);
    });
}

TEST_CASE("what_a_task_came_to_although_its_time_was_up_counts") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto stubborn = [] {
            try {
                bf::await(bf::sleep_for(far));
            } catch (const bf::cancelled&) {
                throw std::range_error{"on the way out"};
            }
        };
        CHECK_THROWS_AS(await_in(m, rt, [&] { return bf::timeout(rt.spawn(bf::backend::stackful, stubborn), 5ms); }),
                        std::range_error);
    });
}

TEST_CASE("a_child_of_a_scope_ends_with_its_time") {
    in_both([](bf::backend on) {
        std::atomic<int> alive{0};
        bf::task_scope scope;
        auto child = on == bf::backend::stackful ? scope.spawn(on, wait_in_fiber, std::ref(alive))
                                                 : scope.spawn(on, wait_in_coroutine, std::ref(alive));
        CHECK_FALSE(bf::await(bf::timeout(std::move(child), 5ms)).has_value());
        CHECK(alive == 0);
    });
}

TEST_CASE("plain_code_whose_time_is_up_has_unwound_when_timeout_answers") {
    const auto check = [](auto wait) {
        std::atomic<int> alive{0};
        const auto code = [&] { return wait_in_fiber(alive); };
        CHECK_FALSE(wait(bf::timeout(code, 5ms)).has_value());
        CHECK(alive == 0);
        CHECK(wait(bf::timeout([] { return 3; }, far)).value() == 3);
        CHECK(wait(bf::timeout([] { bf::await(bf::sleep_for(1ms)); }, far)).has_value());
    };
    bf::runtime rt{small_runtime()};
    rt.run([&] { check([](auto f) { return bf::await(std::move(f)); }); });
    rt.run([]() -> bf::task<> {
        std::atomic<int> alive{0};
        const auto code = [&] { return wait_in_fiber(alive); };
        const auto late = co_await bf::timeout(code, 5ms);
        CHECK_FALSE(late.has_value());
        CHECK(alive == 0);
        auto three = [] { return 3; };
        const auto in_time = co_await bf::timeout(three, far);
        CHECK(in_time.value() == 3);
    });
}

TEST_CASE("a_coroutine_lambda_keeps_its_captures_while_its_time_lasts") {
    in_each_model([](model m, bf::runtime& rt) {
        std::atomic<int> alive{0};
        const std::string word(40, 'w');
        const auto make = [&alive, word](auto limit) {
            return bf::timeout(
                [&alive, word]() -> bf::task<std::size_t> {
                    const presence here{alive};
                    co_await bf::sleep_for(2ms);
                    co_return word.size();
                },
                limit);
        };
        CHECK(await_in(m, rt, [&] { return make(bf::base::steady::duration{far}); }).value() == 40);
        CHECK_FALSE(await_in(m, rt, [&] { return make(bf::base::steady::duration{0}); }).has_value());
        CHECK(alive == 0);
    });
}

TEST_CASE("whoever_is_cancelled_in_a_timeout_ends_its_task_and_its_code_first") {
    in_both([](bf::backend on) {
        bf::task_scope scope;
        std::atomic<int> alive{0};
        bf::event begun;
        const auto code = [&] {
            const presence here{alive};
            begun.set();
            bf::await(bf::sleep_for(far));
        };
        const auto body = [&](bool spawns) -> bf::task<> {
            const presence here{alive};
            if (spawns)
                (void)co_await bf::timeout(bf::spawn(bf::backend::stackful, code), far);
            else
                (void)co_await bf::timeout(code, far);
        };
        for (const bool spawns : {false, true}) {
            begun.reset();
            auto outer = bf::spawn(on, body, spawns);
            bf::await(begun.wait());
            outer.cancel();
            CHECK(bf::await(outer.outcome()).error().is_cancelled());
            CHECK(alive == 0);
        }
    });
}

TEST_CASE("a_race_that_a_timeout_loses_ends_its_task") {
    in_both([](bf::backend on) {
        std::atomic<int> alive{0};
        auto waiter = on == bf::backend::stackful ? bf::spawn(on, wait_in_fiber, std::ref(alive))
                                                  : bf::spawn(on, wait_in_coroutine, std::ref(alive));
        (void)bf::await(bf::race(bf::timeout(std::move(waiter), far), bf::sleep_for(5ms)));
        CHECK(alive == 0);
    });
}

TEST_CASE("plain_code_on_a_plain_thread_has_no_runtime_to_run_in") {
    CHECK_THROWS_AS(bf::block_on(bf::timeout([] {}, far)), std::logic_error);
}
