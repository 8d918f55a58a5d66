// Who finds a moment on a simulated clock also finds what was done before time moved to it.
// Builds on time/simulated_clock.hpp and the model checker.
#include "engine.hpp"

#include <bifilar/time/simulated_clock.hpp>

#include <catch2/catch.hpp>

#include <chrono>

using namespace bifilar;

TEST_CASE("a_moment_brings_what_was_done_before_it", "[simulated_clock]") {
    struct desk {
        simulated_clock clock{simulated_clock::mode::manual};
        model::cell<int> done{0, "what was done before"};
    };
    model::check({.name = "simulated clock, moved and read", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<desk>();
        const base::instant_ns start = all->clock.now_ns();
        world.thread("moves", [=] {
            all->done.set(1);
            all->clock.advance(std::chrono::nanoseconds{1});
        });
        world.thread("reads", [=] {
            if (all->clock.now_ns() != start) (void)all->done.get();
        });
    });
}
