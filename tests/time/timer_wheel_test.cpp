// The wheel at its edges: every level, slots that begin and end, clocks that jump.
#include "catch.hpp"
#include "seed.hpp"
#include "time/sleeper_task.hpp"
#include <bifilar/base/detail/random.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace bf = bifilar;
using bf::base::instant_ns;
using bf::base::never;
using tests::day;
using tests::due;
using tests::range_ms_36;
using tests::second;
using tests::sleeper_task;

TEST_CASE("a_timer_fires_at_the_first_tick_after_its_deadline_from_wherever_the_wheel_stands") {
    // Every level, every distance from a slot's edge, looked at one nanosecond before and at the tick.
    bf::base::random random{tests::seed_of_this_run("wheel edges")};
    int early = 0;
    int late = 0;
    for (unsigned bits = 0; bits < 62; ++bits)
        for (int round = 0; round < 200; ++round) {
            bf::detail::timer_queue queue;
            sleeper_task task;
            bf::detail::timer_node node;
            const auto now = static_cast<instant_ns>(random.next() >> (2 + random.below(60)));
            const instant_ns distance = (instant_ns{1} << bits) + random.below(3) - 1;
            const instant_ns deadline = bf::base::after(now, std::chrono::nanoseconds{distance});
            if (due(deadline) == never) continue;
            queue.fire(now);
            bf::context cx{task};
            queue.insert(node, deadline, now, cx);
            // As a worker does: sleeps until next_deadline, fires, and so on.
            int wakes = 0;
            for (; queue.next_deadline() < due(deadline) && wakes < 20; ++wakes)
                queue.fire(std::max(queue.next_deadline(), now));
            if (wakes > 7) ++late;
            if (due(deadline) > now) queue.fire(due(deadline) - 1);
            if (task.wakes() != 0 && due(deadline) > now) ++early;
            queue.fire(std::max(due(deadline), now));
            if (task.wakes() != 1) ++late;
            if (queue.next_deadline() != never) ++late;
        }
    CHECK(early == 0);
    CHECK(late == 0);
}

TEST_CASE("uneven_looks_at_the_clock_and_jumps_over_years_lose_no_timer") {
    const std::uint64_t seed = tests::seed_of_this_run("jumps");
    bf::base::random random{seed};
    for (const instant_ns jump : {12 * day, 730 * day, range_ms_36}) {
        bf::detail::timer_queue queue;
        std::vector<std::unique_ptr<sleeper_task>> tasks;
        std::deque<bf::detail::timer_node> nodes(2'000);
        std::vector<instant_ns> deadlines;
        instant_ns now = 1'000 * second;
        for (bf::detail::timer_node& node : nodes) {
            tasks.push_back(std::make_unique<sleeper_task>());
            bf::context cx{*tasks.back()};
            deadlines.push_back(now + static_cast<instant_ns>(random.next() % static_cast<std::uint64_t>(2 * jump)));
            queue.insert(node, deadlines.back(), now, cx);
        }
        int wrong = 0;
        while (now < 3 * jump + 1'000 * second) {
            // Between 1 ns and a jump, most of them long after something was due.
            now +=
                1 + static_cast<instant_ns>(random.next() % static_cast<std::uint64_t>(jump / (1 + random.below(50))));
            queue.fire(now);
            for (std::size_t n = 0; n < nodes.size(); ++n)
                if (tasks[n]->wakes() != (due(deadlines[n]) <= now ? 1 : 0)) ++wrong;
        }
        CHECK(wrong == 0);
    }
}
