// Races whose arms have handlers: the winner's alone is called, after the losers are at rest, in each model.
#include "in_each_model.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>

using namespace both;
using namespace std::chrono_literals;

namespace {

constexpr auto far = 1h;

// Never ready; says when it is at rest.
class restless {
public:
    using output = void;
    explicit restless(bool& rests) noexcept : rests_{&rests} {}
    bf::polled<void> poll(bf::context& cx) {
        cx.set_armed();
        return bf::not_ready;
    }
    bf::polled<void> poll_cancel(bf::context& cx) {
        // Takes a turn of its own.
        if (!std::exchange(asked_, true)) {
            cx.yield();
            return bf::not_ready;
        }
        *rests_ = true;
        return bf::done;
    }

private:
    bool* rests_;
    bool asked_ = false;
};

}  // namespace

TEST_CASE("the_winners_handler_alone_is_called_with_its_output") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> words{1};
        (void)words.try_send(7);
        const auto race = [&] {
            return bf::race(
                bf::on(words.recv(), [](std::optional<int> got) { return std::to_string(got.value_or(0)); }),
                bf::on(bf::sleep_for(far), [] { return std::string{"late"}; }));
        };
        CHECK(await_in(m, rt, race) == "7");
        const auto silent = [&] {
            return bf::race(bf::on(words.recv(), [](std::optional<int>) { return 1; }),
                            bf::on(bf::sleep_for(1ms), [] { return 2; }));
        };
        CHECK(await_in(m, rt, silent) == 2);
        // The arm that lost took nothing.
        (void)words.try_send(8);
        CHECK(words.try_recv().value() == 8);
    });
}

TEST_CASE("a_handler_runs_once_the_losers_are_at_rest") {
    in_each_model([](model m, bf::runtime& rt) {
        bool rests = false;
        bool seen = false;
        await_in(m, rt, [&] {
            return bf::race(bf::on(restless{rests}, [] {}), bf::on(bf::yield_now(), [&] { seen = rests; }));
        });
        CHECK(seen);
    });
}

TEST_CASE("a_handler_that_is_a_coroutine_is_waited_for") {
    in_each_model([](model m, bf::runtime& rt) {
        int sum = 0;
        const auto add = [&sum](int n) -> bf::task<int> {
            co_await bf::sleep_for(1ms);
            sum += n;
            co_return n;
        };
        const auto race = [&] {
            return bf::race(bf::on(bf::ready(5), add), bf::on(bf::sleep_for(far), [] { return 0; }));
        };
        CHECK(await_in(m, rt, race) == 5);
        CHECK(sum == 5);
    });
}

TEST_CASE("what_an_arm_or_a_handler_throws_comes_out") {
    in_each_model([](model m, bf::runtime& rt) {
        bool called = false;
        CHECK_THROWS_AS(await_in(m, rt,
                                 [&] {
                                     return bf::race(bf::on(bf::lazy([] { throw std::range_error{"arm"}; }),
                                                            [&] { called = true; }),
                                                     bf::on(bf::sleep_for(far), [&] { called = true; }));
                                 }),
                        std::range_error);
        CHECK_FALSE(called);
        CHECK_THROWS_AS(await_in(m, rt,
                                 [] {
                                     return bf::race(
                                         bf::on(bf::ready(1), [](int) { throw std::range_error{"handler"}; }),
                                         bf::on(bf::sleep_for(far), [] {}));
                                 }),
                        std::range_error);
        CHECK_THROWS_AS(await_in(m, rt,
                                 [] {
                                     return bf::race(bf::on(bf::ready(1),
                                                            [](int) -> bf::task<> {
                                                                co_await bf::yield_now();
                                                                throw std::range_error{"coroutine"};
                                                            }),
                                                     bf::on(bf::sleep_for(far), [] {}));
                                 }),
                        std::range_error);
    });
}

TEST_CASE("a_race_with_handlers_that_is_cancelled_rests_in_its_arms_or_in_its_handler") {
    in_both([](bf::backend on) {
        bool rests = false;
        bool called = false;
        auto in_arms = bf::timeout(bf::race(bf::on(restless{rests}, [&] { called = true; }),
                                            bf::on(bf::sleep_for(far), [&] { called = true; })),
                                   1ms);
        CHECK_FALSE(bf::await(in_arms).has_value());
        CHECK(rests);
        CHECK_FALSE(called);

        std::atomic<bool> begun{false};
        std::atomic<bool> ended{false};
        bf::event started;
        const auto handle = [&](int) -> bf::task<> {
            class mark {
            public:
                explicit mark(std::atomic<bool>& of) noexcept : of_{&of} {}
                mark(const mark&) = delete;
                mark& operator=(const mark&) = delete;
                ~mark() { *of_ = true; }

            private:
                std::atomic<bool>* of_;
            };
            const mark here{ended};
            begun = true;
            started.set();
            co_await bf::sleep_for(far);
        };
        const auto body = [&] { return bf::race(bf::on(bf::ready(1), handle), bf::on(bf::sleep_for(far), [] {})); };
        auto task = bf::spawn(on, body);
        bf::await(started.wait());
        task.cancel();
        CHECK(bf::await(task.outcome()).error().is_cancelled());
        CHECK(begun);
        CHECK(ended);
    });
}

TEST_CASE("a_handler_may_wait_for_what_a_loser_waited_for") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::mutex mutex;
        auto held = mutex.try_lock();
        const auto lock_later = [&]() -> bf::task<bool> {
            held.unlock();
            auto own = co_await bf::timeout(mutex.lock(), 10s);
            co_return own.has_value();
        };
        CHECK(await_in(m, rt, [&] {
            return bf::race(bf::on(mutex.lock(), [](bf::mutex::guard) { return false; }),
                            bf::on(bf::sleep_for(1ms), lock_later));
        }));
        bf::channel<int> values{1};
        const auto receive_later = [&]() -> bf::task<bool> {
            (void)values.try_send(7);
            auto own = co_await bf::timeout(values.recv(), 10s);
            co_return own.has_value();
        };
        CHECK(await_in(m, rt, [&] {
            return bf::race(bf::on(values.recv(), [](std::optional<int>) { return false; }),
                            bf::on(bf::sleep_for(1ms), receive_later));
        }));
    });
}
