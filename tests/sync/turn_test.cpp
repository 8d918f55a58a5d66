// Whose turn it is at a mutex or a semaphore: who is called, who overtakes, to whom permits are handed, who leaves.
#include "fuzz/hand_task.hpp"
#include "one_worker.hpp"
#include "seed.hpp"
#include "time/sleeper_task.hpp"
#include <bifilar/base/detail/random.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

using namespace both;
using tests::let_others_park;

TEST_CASE("waiters_get_the_mutex_in_the_order_of_arrival") {
    tests::on_one_worker([](bf::backend model) {
        bf::mutex mutex;
        std::vector<int> order;
        auto held = mutex.try_lock();
        CHECK(held);
        CHECK_FALSE(mutex.try_lock());
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < 5; ++n) {
            handles.push_back(bf::spawn(
                model,
                [](bf::mutex& m, std::vector<int>& into, int me) -> bf::task<> {
                    const auto mine = co_await m.lock();
                    into.push_back(me);
                },
                std::ref(mutex), std::ref(order), n));
            let_others_park();
        }
        held.unlock();
        for (auto& handle : handles) bf::await(handle);
        CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
    });
}

TEST_CASE("a_waiter_is_overtaken_until_it_runs_and_comes_in_vain_once_at_most") {
    tests::on_one_worker([](bf::backend model) {
        bf::mutex mutex;
        auto held = mutex.try_lock();
        auto waiter = bf::spawn(model, [](bf::mutex& m) -> bf::task<> { (void)co_await m.lock(); }, std::ref(mutex));
        let_others_park();
        // Called, but it has not run: whoever runs may come first, any number of times.
        held.unlock();
        for (int n = 0; n < 3; ++n) {
            held = mutex.try_lock();
            CHECK(held);
            held.unlock();
        }
        held = mutex.try_lock();
        // It runs now, in vain; from here on the lock is its own as soon as it is free.
        let_others_park();
        held.unlock();
        const bool overtaken = static_cast<bool>(mutex.try_lock());
        CHECK_FALSE(overtaken);
        bf::await(waiter);
        const bool free = static_cast<bool>(mutex.try_lock());
        CHECK(free);
    });
}

TEST_CASE("a_wait_may_end_whatever_became_of_it") {
    // Called, in vain, handed; and then destroyed instead of polled.
    for (const int last : {0, 1, 2, 3}) {
        INFO("ends after step " << last);
        bf::semaphore permits{1};
        tests::sleeper_task nobody;
        bf::context cx{nobody};
        auto held = permits.try_acquire();
        std::optional<bf::semaphore::acquire_future> wait{permits.acquire()};
        CHECK_FALSE(wait->poll(cx).is_ready());
        for (int step = 1; step <= last; ++step) {
            if (step == 1) held.release();  // Called.
            if (step == 2) {
                held = permits.try_acquire();
                CHECK(held);
                CHECK_FALSE(wait->poll(cx).is_ready());  // In vain.
            }
            if (step == 3) {
                held.release();  // Handed.
                CHECK_FALSE(permits.try_acquire());
            }
        }
        wait.reset();
        held.release();
        CHECK(permits.available() == 1);
        CHECK(permits.try_acquire());
    }
}

TEST_CASE("releases_that_wake_many_sizes_leave_nobody_and_nothing_behind") {
    bf::base::random random{tests::seed_of_this_run("permits of many sizes")};
    for (int round = 0; round < 300; ++round) {
        bf::semaphore permits{5};
        tests::sleeper_task nobody;
        bf::context cx{nobody};
        std::vector<bf::semaphore::permit> held;
        std::vector<std::unique_ptr<bf::semaphore::acquire_future>> waits;
        for (int step = 0; step < 200; ++step) {
            const std::uint64_t what = random.below(4);
            if (what == 0) {
                waits.push_back(std::make_unique<bf::semaphore::acquire_future>(permits.acquire(1 + random.below(3))));
            } else if (what == 1 && !held.empty()) {
                held.erase(held.begin() + random.below(static_cast<std::uint32_t>(held.size())));
            } else if (what == 2) {
                if (auto got = permits.try_acquire(1 + random.below(2))) held.push_back(std::move(got));
            } else if (!waits.empty() && random.below(10) == 0) {
                waits.erase(waits.begin() + random.below(static_cast<std::uint32_t>(waits.size())));
            }
            for (std::size_t at = 0; at < waits.size();) {
                auto got =
                    random.below(2) == 0 ? waits[at]->poll(cx) : bf::polled<bf::semaphore::permit>{bf::not_ready};
                if (got) {
                    held.push_back(got.take());
                    waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(at));
                } else {
                    ++at;
                }
            }
            std::uint32_t taken = 0;
            for (const auto& each : held) taken += each.count();
            CHECK(taken + permits.available() <= 5);
        }
        // Everybody comes in when the others leave.
        held.clear();
        for (int turn = 0; turn < 1'000 && !waits.empty(); ++turn) {
            for (std::size_t at = 0; at < waits.size();) {
                if (waits[at]->poll(cx))
                    waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(at));
                else
                    ++at;
            }
        }
        CHECK(waits.empty());
        CHECK(permits.available() == 5);
    }
}

TEST_CASE("a_called_waiter_that_leaves_passes_the_call_on") {
    tests::on_one_worker([](bf::backend model) {
        bf::semaphore permits{0, 4};
        tests::sleeper_task nobody;
        bf::context cx{nobody};
        std::optional<bf::semaphore::acquire_future> first{permits.acquire()};
        std::optional<bf::semaphore::acquire_future> large{permits.acquire(3)};
        CHECK_FALSE(first->poll(cx).is_ready());
        CHECK_FALSE(large->poll(cx).is_ready());
        auto waiter = bf::spawn(
            model, [](bf::semaphore& of) -> bf::task<std::uint32_t> { co_return (co_await of.acquire()).forget(); },
            std::ref(permits));
        let_others_park();
        permits.release();
        // The first was called and is never polled again; the large one behind it cannot be served.
        let_others_park();
        CHECK(permits.available() == 1);
        first.reset();
        let_others_park();
        CHECK_FALSE(permits.try_acquire());
        large.reset();
        CHECK(bf::await(waiter) == 1);
        CHECK(permits.available() == 0);
    });
}

namespace {

// More waits for one permit each than are served under one hold of the lock. Nobody polls them but the test.
class crowd {
public:
    explicit crowd(bf::semaphore& permits) {
        for (int n = 0; n < count; ++n) {
            all_.push_back(std::make_unique<member>(permits));
            CHECK_FALSE(all_.back()->task.poll(all_.back()->wait));
        }
    }
    [[nodiscard]] int woken() const {
        return static_cast<int>(std::ranges::count_if(all_, [](const auto& one) { return one->task.is_woken(); }));
    }
    static constexpr int count = 200;

private:
    struct member {
        explicit member(bf::semaphore& permits) : wait{permits.acquire()} {}
        fuzz::hand_task task;
        bf::semaphore::acquire_future wait;
    };
    std::vector<std::unique_ptr<member>> all_;
};

}  // namespace

TEST_CASE("a_release_calls_all_that_it_serves_before_any_of_them_runs") {
    bf::semaphore permits{0, crowd::count};
    const crowd waits{permits};
    permits.release(crowd::count);
    CHECK(waits.woken() == crowd::count);
}

TEST_CASE("a_called_waiter_that_leaves_passes_the_call_on_to_all_that_it_serves") {
    bf::semaphore permits{0, crowd::count};
    fuzz::hand_task task;
    std::optional<bf::semaphore::acquire_future> large{permits.acquire(crowd::count)};
    CHECK_FALSE(task.poll(*large));
    const crowd waits{permits};
    permits.release(crowd::count);
    CHECK(task.is_woken());
    CHECK(waits.woken() == 0);
    large.reset();
    CHECK(waits.woken() == crowd::count);
}
