// Drains, looks at survivors and looks for a deadlock where a task runs on meanwhile.
#include "catch.hpp"
#include "gates.hpp"
#include "last_words.hpp"
#include <bifilar/future/ready.hpp>
#include <bifilar/sync/event.hpp>
#include <bifilar/task/deadlock_error.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace bf = bifilar;
using tests::gates;
using tests::start;
using tests::with;
using namespace std::chrono_literals;

namespace {

// Counts the looks of workers that stand still, and knows that no event of a kernel can come. `slow`: worker 0 looks
// for longer, and worker 1 comes late from its sleep, so that it stands still while worker 0 looks.
class counting_gates final : public bf::sched::environment {
public:
    std::unique_ptr<bf::detail::parker> make_parker(std::uint32_t worker) override {
        return std::make_unique<gate>(*this, worker);
    }
    [[nodiscard]] bool awaits_events(const bf::detail::parker&) const noexcept override { return false; }
    void visit_tasks(void (*)(bf::detail::task_header&, void*) noexcept, void*) noexcept override {
        if (at_visit) std::exchange(at_visit, {})();
    }
    void detached_exception(const char*, std::exception_ptr) noexcept override {}

    std::atomic<int> looks{0};
    std::atomic<bool> slow{false};
    std::function<void()> at_visit;  // Once.

private:
    class gate final : public bf::detail::parker {
    public:
        gate(counting_gates& of, std::uint32_t worker) noexcept : of_{of}, worker_{worker} {}
        void park(bf::base::instant_ns deadline) noexcept override {
            on_gate_.park(deadline);
            if (of_.slow && worker_ == 1) std::this_thread::sleep_for(3ms);
        }
        void poll_some(std::uint32_t) noexcept override {
            ++of_.looks;
            if (of_.slow && worker_ == 0) std::this_thread::sleep_for(6ms);
        }
        void unpark() noexcept override { on_gate_.unpark(); }

    private:
        counting_gates& of_;
        const std::uint32_t worker_;
        bf::detail::gate_parker on_gate_;
    };
};

bf::base::instant_ns soon(std::chrono::milliseconds length) { return bf::base::after(bf::base::now_ns(), length); }

}  // namespace

TEST_CASE("others_go_on_while_a_drain_waits_for_a_task_that_runs_on") {
    gates parts;
    bf::sched::scheduler scheduler{with(2), parts};
    std::atomic<std::uint64_t> turns{0};
    std::atomic<std::uint64_t> enough{UINT64_MAX};
    std::atomic<int> begun{0};
    const auto yields = [](std::atomic<std::uint64_t>& count, const std::atomic<std::uint64_t>& most,
                           std::atomic<int>& began) -> bf::task<> {
        ++began;
        for (; count < most; ++count) co_await bf::yield_now();
    };
    start(scheduler, yields(turns, enough, begun)).detach();
    start(scheduler, bf::lazy([&] {
              ++begun;
              while (turns < enough) std::this_thread::yield();
          }))
        .detach();
    while (begun != 2) std::this_thread::yield();
    // The drain has begun when starts are refused; far more turns than a worker takes before it stands still.
    std::thread sees_it_begin{[&] {
        try {
            for (;;) start(scheduler, bf::ready(1)).detach();
        } catch (const std::logic_error&) {
            enough = turns + 10'000;
        }
    }};
    CHECK(scheduler.drain(bf::base::never));
    sees_it_begin.join();
    CHECK(turns >= enough);
}

TEST_CASE("a_drain_that_is_too_late_does_not_disturb_another_which_visits_tasks") {
    counting_gates parts;
    bf::sched::scheduler scheduler{with(2), parts};
    std::atomic<std::uint64_t> turns{0};
    const auto yields = [](std::atomic<std::uint64_t>& count) -> bf::task<> {
        for (;; ++count) co_await bf::yield_now();
    };
    start(scheduler, yields(turns)).detach();
    while (turns == 0) std::this_thread::yield();
    bool ended = true;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    parts.at_visit = [&] {
        before = turns;
        std::thread{[&] { ended = scheduler.drain(soon(1ms)); }}.join();
        // A worker that went on would be seen by then.
        const auto until = std::chrono::steady_clock::now() + 10ms;
        while (turns == before && std::chrono::steady_clock::now() < until) std::this_thread::yield();
        after = turns;
    };
    CHECK(scheduler.drain(bf::base::never));
    CHECK_FALSE(ended);
    CHECK(before == after);
}

TEST_CASE("of_a_worker_that_does_not_stop_its_task_is_told_and_nothing_of_the_others") {
    gates parts;
    bf::sched::scheduler scheduler{with(3), parts};
    std::atomic<bool> over{false};
    auto runs_on = start(scheduler, bf::lazy([&] {
                             while (!over) std::this_thread::yield();
                         }));
    CHECK_FALSE(scheduler.drain(soon(5ms)));
    const auto told = scheduler.survivors(10);
    CHECK(told.size() == 1);
    CHECK_FALSE(told.front().parked);
    CHECK(scheduler.survivors(0).empty());
    over = true;
    runs_on.join();
    CHECK(scheduler.survivors(10).empty());
    CHECK(scheduler.drain(bf::base::never));
}

TEST_CASE("a_deadlock_is_found_after_looks_for_events_and_beside_them") {
    if (!tests::children_have_threads) return;
    // In a child, whose threads are known.
    const tests::last_words last = tests::dies([] {
        counting_gates parts;
        bf::event never;
        bf::sched::scheduler scheduler{with(2), parts};
        // As long as one runs on, the other stands still and looks for events again and again.
        std::atomic<bool> over{false};
        auto runs_on = start(scheduler, bf::lazy([&] {
                                 while (!over) std::this_thread::yield();
                             }));
        for (const int before = parts.looks; parts.looks < before + 3;) (void)scheduler.survivors(1);
        over = true;
        runs_on.join();
        parts.slow = true;
        const auto body = [](bf::event& of) -> bf::task<> { co_await of.wait(); };
        auto waits = start(scheduler, body(never));
        try {
            waits.join();
        } catch (const bf::deadlock_error& error) {
            std::fputs(error.what(), stderr);
        }
    });
    CHECK(last.signal == 0);
    CHECK_THAT(last.text, Catch::Contains("all tasks wait, and nothing is left that could wake one; they are 1"));
}
