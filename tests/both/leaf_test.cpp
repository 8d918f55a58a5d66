// One leaf future awaited by a coroutine, a fiber and a thread, and the rows of the future's contract.
// Numbers in the names are those of core/future.hpp.
#include "in_each_model.hpp"

#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace both;

namespace {

// A hand-written leaf: counts its polls and lets the test wake it at will.
class probe {
public:
    struct control {
        std::atomic<bool> ready{false};
        std::atomic<int> polls{0};
        bf::waker stored;
        std::mutex mutex;

        void wake() {
            bf::waker copy;
            {
                const std::lock_guard guard{mutex};
                copy = stored;
            }
            copy.wake();
        }
    };
    using output = int;

    explicit probe(control& c) : control_{&c} {}

    bf::polled<int> poll(bf::context& cx) {
        {
            const std::lock_guard guard{control_->mutex};
            control_->stored = cx.waker();
        }
        // It looks first and counts then: whoever sees the count and makes the leaf ready causes one more poll.
        const bool ready = control_->ready.load();
        ++control_->polls;
        if (!ready) return bf::not_ready;
        return 7;
    }

private:
    control* control_;
};
static_assert(bf::future<probe>);

}  // namespace

TEST_CASE("one_leaf_awaited_by_coroutine_fiber_and_thread") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::event event;
        std::thread setter{[&] { event.set(); }};
        await_in(m, rt, [&event] { return event.wait(); });
        CHECK(event.is_set());
        setter.join();
    });
}

TEST_CASE("contract_1_pending_stores_a_waker_that_wakes_the_task") {
    in_each_model([](model m, bf::runtime& rt) {
        probe::control control;
        std::thread waker{[&] {
            while (control.polls == 0) std::this_thread::yield();
            control.ready = true;
            control.wake();
        }};
        CHECK(await_in(m, rt, [&control] { return probe{control}; }) == 7);
        waker.join();
    });
}

TEST_CASE("contract_3_spurious_wakes_are_harmless") {
    in_each_model([](model m, bf::runtime& rt) {
        probe::control control;
        std::thread waker{[&] {
            while (control.polls == 0) std::this_thread::yield();
            for (int n = 0; n < 100; ++n) control.wake();
            control.ready = true;
            control.wake();
        }};
        CHECK(await_in(m, rt, [&control] { return probe{control}; }) == 7);
        CHECK(control.polls >= 2);
        waker.join();
    });
}

TEST_CASE("contract_3_no_wake_is_lost_over_many_rounds") {
    in_each_model([](model m, bf::runtime& rt) {
        for (int round = 0; round < 300; ++round) {
            bf::event event;
            std::thread setter{[&] { event.set(); }};
            await_in(m, rt, [&event] { return event.wait(); });
            setter.join();
        }
    });
}

TEST_CASE("contract_4_a_future_may_move_before_its_first_poll") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> channel{1};
        (void)channel.try_send(3);
        auto value = await_in(m, rt, [&channel] {
            auto first = channel.recv();
            auto second = std::move(first);
            return second;
        });
        CHECK(value == 3);
    });
}

TEST_CASE("contract_6_depth_costs_nothing_a_wake_polls_the_leaf_alone") {
    struct nested {
        static bf::task<int> go(int depth, probe::control& control) {
            if (depth == 0) co_return co_await probe{control};
            co_return co_await go(depth - 1, control) + 1;
        }
    };
    bf::runtime rt{small_runtime(1)};
    probe::control control;
    auto handle = rt.spawn(nested::go, 1000, std::ref(control));
    while (control.polls == 0) std::this_thread::yield();
    control.wake();
    while (control.polls < 2) std::this_thread::yield();
    control.ready = true;
    control.wake();
    CHECK(handle.join() == 1007);
    CHECK(control.polls == 3);
}

TEST_CASE("contract_7_no_thread_local_is_read_across_a_suspension") {
    // A fiber finds itself through the accessor after every switch, whatever thread that is.
    bf::runtime rt{small_runtime(2)};
    bf::spawn_options moving;
    moving.on = bf::backend::stackful;
    moving.migratable = true;
    std::vector<bf::join_handle<int>> handles;
    for (int n = 0; n < 50; ++n)
        handles.push_back(rt.spawn(moving, [] {
            int sum = 0;
            for (int turn = 0; turn < 100; ++turn) {
                bf::this_fiber::yield();
                sum += bf::this_fiber::stack_size() > 0 ? 1 : 0;
            }
            return sum;
        }));
    for (auto& handle : handles) CHECK(handle.join() == 100);
}

TEST_CASE("contract_8_completions_run_on_the_workers_own_queue") {
    // Setting an event inside a task queues the waiter; it does not run inside set().
    bf::runtime rt{small_runtime(1)};
    const bool inside = rt.run([]() -> bf::task<bool> {
        bf::event event;
        bool ran = false;
        auto waiter = bf::spawn(
            [](bf::event& e, bool& flag) -> bf::task<> {
                co_await e.wait();
                flag = true;
            },
            std::ref(event), std::ref(ran));
        co_await bf::yield_now();
        co_await bf::yield_now();
        event.set();
        const bool ran_inside_set = ran;
        co_await waiter;
        co_return ran_inside_set;
    });
    CHECK_FALSE(inside);
}

TEST_CASE("an_exception_of_the_awaited_future_reaches_the_awaiter") {
    in_each_model([](model m, bf::runtime& rt) {
        const auto throwing = [] { return bf::lazy([]() -> int { throw std::runtime_error{"from the leaf"}; }); };
        CHECK_THROWS_WITH(await_in(m, rt, throwing), "from the leaf");
    });
}

TEST_CASE("sleep_is_never_early") {
    in_each_model([](model m, bf::runtime& rt) {
        using namespace std::chrono_literals;
        const auto began = std::chrono::steady_clock::now();
        await_in(m, rt, [] { return bf::sleep_for(5ms); });
        CHECK(std::chrono::steady_clock::now() - began >= 5ms);
    });
}

TEST_CASE("a_fiber_does_not_wait_inside_of_a_poll") {
    bf::runtime rt{small_runtime(1)};
    const auto waits = [] { bf::await(bf::yield_now()); };
    rt.run([&] {
        CHECK_THROWS_AS(bf::await(bf::lazy(waits)), std::logic_error);
        // Not even the first time, and the fiber is as before.
        CHECK_THROWS_AS(bf::await(bf::map(bf::ready(1), [&](int) { waits(); })), std::logic_error);
        waits();
    });
}
