// What workers take from each other, and what they take up before they sleep.
#include "catch.hpp"
#include "gates.hpp"
#include <bifilar/future/ready.hpp>
#include <bifilar/stackless/detail/future_task.hpp>
#include <bifilar/sync/event.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace bf = bifilar;
using tests::gates;
using tests::start;
using tests::with;

namespace {

// Its turn does not end before `left` others have had theirs.
auto holds_its_worker(std::atomic<int>& left) {
    return bf::lazy([&left] {
        while (left != 0) std::this_thread::yield();
    });
}

auto as_one_less(std::atomic<int>& left) {
    return bf::lazy([&left] { --left; });
}

template <class F>
auto start_on(bf::sched::scheduler& on, std::uint32_t worker, F f) {
    bf::sched::start_options how;
    how.worker = worker;
    return bf::stackless::future_task<F>::start(on, how, std::move(f));
}

// An event of the kernel comes when the worker looks for some, once it was told to bring one.
class bringing_gate final : public bf::detail::parker {
public:
    explicit bringing_gate(bf::event*& brings) noexcept : brings_{brings} {}
    void park(bf::base::instant_ns deadline) noexcept override { on_gate_.park(deadline); }
    void poll_some(std::uint32_t) noexcept override {
        if (bf::event* const brought = std::exchange(brings_, nullptr)) brought->set();
    }
    void unpark() noexcept override { on_gate_.unpark(); }

private:
    bf::event*& brings_;
    bf::detail::gate_parker on_gate_;
};

class bringing_gates final : public bf::sched::environment {
public:
    std::unique_ptr<bf::detail::parker> make_parker(std::uint32_t) override {
        return std::make_unique<bringing_gate>(brings);
    }
    void detached_exception(const char*, std::exception_ptr) noexcept override {}
    bf::event* brings = nullptr;
};

}  // namespace

TEST_CASE("a_thief_asks_those_behind_one_that_has_nothing") {
    // Worker 0 has nothing to give, and 1 has, which holds itself up. Each of the others is asked in turn.
    gates parts;
    bf::sched::scheduler scheduler{with(3, {.victims = bf::sched::victim_order::in_order}), parts};
    for (int round = 0; round < 10; ++round) {
        std::atomic<int> left{2};
        auto busy = start_on(scheduler, 0, holds_its_worker(left));
        auto makes = start_on(scheduler, 1, bf::lazy([&] {
                                  // The newest is next, and the others go into the ring.
                                  start(scheduler, as_one_less(left)).detach();
                                  start(scheduler, as_one_less(left)).detach();
                                  start(scheduler, holds_its_worker(left)).detach();
                              }));
        makes.join();
        busy.join();
        while (scheduler.live() != 0) std::this_thread::yield();
    }
}

TEST_CASE("what_runs_on_another_worker_than_the_one_that_made_it_counts_as_stolen") {
    for (const int tasks : {1, 2, 10}) {
        gates parts;
        bf::sched::scheduler scheduler{with(2), parts};
        std::atomic<int> left{tasks};
        // All of them run elsewhere, the newest too.
        start(scheduler, bf::lazy([&] {
                  for (int n = 0; n < tasks; ++n) start(scheduler, as_one_less(left)).detach();
                  while (left != 0) std::this_thread::yield();
              }))
            .join();
        while (scheduler.live() != 0) std::this_thread::yield();
        CHECK(scheduler.stats().total().stolen == static_cast<std::uint64_t>(tasks));
    }
}

// Which of the two sleeps is a matter of time; that one does when the other has work for it is not.
TEST_CASE("a_worker_counts_those_that_it_wakes") {
    gates parts;
    bf::sched::scheduler scheduler{with(2), parts};
    while (scheduler.stats().total().wakes == 0) {
        std::atomic<int> left{2};
        start(scheduler, bf::lazy([&] {
                  start(scheduler, as_one_less(left)).detach();
                  start(scheduler, as_one_less(left)).detach();
                  while (left != 0) std::this_thread::yield();
              }))
            .join();
    }
    SUCCEED();
}

TEST_CASE("what_comes_with_the_look_for_events_before_a_sleep_is_run") {
    bringing_gates parts;
    bf::sched::scheduler scheduler{with(1, {.waiting = bf::sched::wait_before_sleep::always}), parts};
    const auto body = [](bringing_gates& from) -> bf::task<int> {
        int rounds = 0;
        for (; rounds < 3; ++rounds) {
            bf::event told;
            from.brings = &told;
            co_await told.wait();
        }
        co_return rounds;
    };
    CHECK(start(scheduler, body(parts)).join() == 3);
}
