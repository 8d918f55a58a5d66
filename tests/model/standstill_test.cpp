// One thread stops others, looks, and lets them go on: what either side did is seen by the other, nobody counts as
// standing who does not, and the places may go afterwards. Handlers come whenever they come.
// Builds on sched/standstill.hpp and the model checker.
#include "engine.hpp"

#include <bifilar/sched/detail/standstill.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

using namespace bifilar;

namespace {

struct spins {
    static void on(base::atomic<std::uint32_t>& word, std::uint32_t value) noexcept {
        while (word.load(base::relaxed) == value) base::spin_pause();
    }
    static void wake(base::atomic<std::uint32_t>&) noexcept {}
};
using stillness = sched::standstill<spins>;

constexpr std::size_t max_threads = 2;

struct stage {
    explicit stage(std::size_t count)
        : threads{count}, places{std::make_unique<std::array<stillness::place, max_threads>>()} {}

    // On its own thread, as if the signal had come.
    void handle(std::size_t thread) noexcept {
        still.stand([&] { return &(*places)[thread]; }, nullptr);
    }
    void stop() noexcept {
        still.begin();
        for (std::size_t thread = 0; thread < threads; ++thread) asked[thread].store(1, base::release);
    }
    void wait_for_all() noexcept {
        for (std::size_t thread = 0; thread < threads;) {
            const std::uint32_t news = still.news();
            if (still.stands((*places)[thread]))
                ++thread;
            else
                still.await_news(news);
        }
    }
    void await_signal(std::size_t thread) noexcept {
        // The kernel takes a lock on both sides, so that a signal comes behind what its sender has done.
        while (asked[thread].exchange(0, base::acquire) == 0) base::spin_pause();
    }

    stillness still;
    const std::size_t threads;
    // Read by handlers while the turn is odd, and gone after that.
    std::unique_ptr<std::array<stillness::place, max_threads>> places;
    std::array<base::atomic<int>, max_threads> asked{};
    std::array<base::plain<int>, max_threads> work{};
    base::plain<int> looks{0};
};

// Each thread works, is stopped, sees what was done, and works again.
model::body look(std::size_t threads) {
    return [=](model::world& world) {
        auto* const all = world.make<stage>(threads);
        for (std::size_t thread = 0; thread < threads; ++thread)
            world.thread("worker " + std::to_string(thread), [=] {
                all->work[thread] = 1;
                all->await_signal(thread);
                all->handle(thread);
                model::require(all->looks == 1, "a thread that goes on does not see what was done");
                all->work[thread] = 3;
            });
        world.thread("looks", [=] {
            all->stop();
            all->wait_for_all();
            for (std::size_t thread = 0; thread < threads; ++thread)
                model::require(all->work[thread] == 1, "a thread stands that has not worked, or works on");
            all->looks = 1;
            all->still.end();
        });
    };
}

// The first stop is given up at any moment. The signal of it may come late, and both of them may come as one.
model::body give_up() {
    return [](model::world& world) {
        auto* const all = world.make<stage>(1);
        world.thread("worker", [=] {
            all->await_signal(0);
            all->handle(0);
            if (all->asked[0].exchange(0, base::acquire) != 0) all->handle(0);
            all->work[0] += 1;
        });
        world.thread("looks", [=] {
            all->stop();
            if (!all->still.stands((*all->places)[0])) {
                all->still.end();
                all->stop();
                // A signal that was not needed any more.
                for (int looks = 0; looks < 3 && !all->still.stands((*all->places)[0]); ++looks) base::short_wait(1);
            }
            if (all->still.stands((*all->places)[0])) all->work[0] += 10;
            all->still.end();
        });
    };
}

// A handler that nobody waits for is at the places while they come and go.
model::body places_go() {
    return [](model::world& world) {
        auto* const all = world.make<stage>(1);
        world.thread("worker", [=] {
            all->still.stand(
                [&]() -> stillness::place* {
                    all->looks += 1;  // Where the places are is no atomic.
                    return &(*all->places)[0];
                },
                nullptr);
        });
        world.thread("looks", [=] {
            all->looks = 1;
            all->still.begin();
            all->still.end();
            while (!all->still.nobody_inside()) base::spin_pause();
            all->looks = 0;
            all->places.reset();
        });
    };
}

}  // namespace

TEST_CASE("threads_that_stand_show_all_and_see_all", "[standstill]") {
    model::check({.name = "standstill, one thread", .preemptions = 4, .stale_reads = 2}, look(1));
    model::check({.name = "standstill, two threads", .preemptions = 2, .stale_reads = 1}, look(2));
}

TEST_CASE("a_stop_that_was_given_up_counts_nobody_as_standing", "[standstill]") {
    model::check({.name = "standstill, given up", .preemptions = 4, .stale_reads = 2}, give_up());
}

TEST_CASE("the_places_go_when_no_handler_is_at_them", "[standstill]") {
    model::check({.name = "standstill, places go", .preemptions = 4, .stale_reads = 2}, places_go());
}
