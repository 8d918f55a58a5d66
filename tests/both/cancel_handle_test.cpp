// A task that is cancelled while its handle is being awaited elsewhere, alone and in a set; a future of a set that is
// cancelled by its key.
#include "in_each_model.hpp"

#include <atomic>
#include <chrono>
#include <optional>

using namespace both;
using namespace std::chrono_literals;

namespace {

constexpr auto far = 1h;

bf::task<> wait_for_ever() { co_await bf::sleep_for(far); }

}  // namespace

TEST_CASE("a_cancel_handle_ends_a_task_whose_outcome_is_awaited") {
    in_each_model([](model m, bf::runtime& rt) {
        for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
            auto task = rt.spawn(on, wait_for_ever);
            const bf::cancel_handle first = task.cancel_handle();
            const bf::cancel_handle copy = first;
            CHECK_FALSE(copy.done());
            auto breaker = rt.spawn([copy] { copy.cancel(); });
            const auto ended = await_in(m, rt, [&] { return task.outcome(); });
            CHECK(ended.error().is_cancelled());
            CHECK(first.done());
            first.cancel();  // Too late, and no harm.
            breaker.join();
        }
    });
}

TEST_CASE("a_cancel_handle_may_outlive_the_join_handle_and_the_runtime") {
    std::optional<bf::cancel_handle> kept;
    {
        bf::runtime rt{small_runtime()};
        auto task = rt.spawn(bf::backend::stackless, [] { return 3; });
        kept.emplace(task.cancel_handle());
        CHECK(task.join() == 3);
    }
    CHECK(kept->done());
    kept->cancel();
}

TEST_CASE("a_cancel_handle_ends_a_task_that_was_detached") {
    in_both([](bf::backend on) {
        bf::event ended;
        const auto body = [&]() -> bf::task<> {
            class mark {
            public:
                explicit mark(bf::event& of) noexcept : of_{&of} {}
                mark(const mark&) = delete;
                mark& operator=(const mark&) = delete;
                ~mark() { of_->set(); }

            private:
                bf::event* of_;
            };
            const mark here{ended};
            co_await bf::sleep_for(far);
        };
        auto task = bf::spawn(on, body);
        const bf::cancel_handle handle = task.cancel_handle();
        task.detach();
        bf::await(bf::yield_now());
        handle.cancel();
        // Cancelled before it began, it says nothing.
        while (!handle.done()) bf::await(bf::yield_now());
        CHECK(handle.done());
    });
}

TEST_CASE("a_task_in_a_set_is_cancelled_by_its_cancel_handle") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::future_set<bf::outcome_future<void>> all;
        auto one = rt.spawn(wait_for_ever);
        auto two = rt.spawn(wait_for_ever);
        const bf::cancel_handle second = two.cancel_handle();
        const bf::cancel_handle first = one.cancel_handle();
        (void)all.add(one.outcome());
        const std::size_t key = all.add(two.outcome());
        second.cancel();
        auto next = await_in(m, rt, [&] { return all.next(); });
        CHECK(next->key() == key);
        CHECK(next->value().error().is_cancelled());
        first.cancel();
        CHECK(await_in(m, rt, [&] { return all.next(); }).has_value());
    });
}

TEST_CASE("a_future_of_a_set_is_cancelled_by_its_key") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::future_set<bf::task<int>> all;
        std::atomic<int> ended{0};
        const auto work = [&ended](std::chrono::nanoseconds time) -> bf::task<int> {
            class mark {
            public:
                explicit mark(std::atomic<int>& of) noexcept : of_{&of} {}
                mark(const mark&) = delete;
                mark& operator=(const mark&) = delete;
                ~mark() { ++*of_; }

            private:
                std::atomic<int>* of_;
            };
            const mark here{ended};
            co_await bf::sleep_for(time);
            co_return 1;
        };
        const std::size_t never = all.add(work(far));
        const std::size_t soon = all.add(work(1ms));
        CHECK(await_in(m, rt, [&] { return all.next(); })->key() == soon);
        CHECK(ended == 1);
        CHECK_FALSE(all.cancel(soon));
        CHECK(all.cancel(never));
        CHECK_FALSE(await_in(m, rt, [&] { return all.next(); }).has_value());
        CHECK(all.empty());
        CHECK(ended == 2);
        CHECK_FALSE(all.cancel(never));
        // One that was never polled does not begin.
        const std::size_t fresh = all.add(work(0ns));
        CHECK(all.cancel(fresh));
        CHECK_FALSE(await_in(m, rt, [&] { return all.next(); }).has_value());
        CHECK(ended == 2);
    });
}
