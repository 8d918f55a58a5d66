// The last of several workers to finish must notice that all have: each counts its own, then adds all up.
// Builds on the model checker alone; the two functions mirror worker::run and scheduler::report_drained.
#include "engine.hpp"

#include <bifilar/base/detail/atomic.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace bifilar;

namespace {

// Counters as the scheduler keeps them: one writer each, load and store instead of a read-modify-write.
struct counters {
    std::array<base::atomic<int>, 2> completed{};
    bool reported = false;

    void complete(std::size_t worker) noexcept {
        completed[worker].store(completed[worker].load(base::relaxed) + 1, base::release);
    }
    void report(bool fenced) noexcept {
        if (fenced) base::fence_seq_cst();
        int sum = 0;
        for (const auto& each : completed) sum += each.load(base::acquire);
        reported = reported || sum == 2;
    }
};

model::body drain(bool fenced) {
    return [=](model::world& world) {
        auto* const all = world.make<counters>();
        for (std::size_t w = 0; w < 2; ++w)
            world.thread("worker " + std::to_string(w), [=] {
                all->complete(w);
                all->report(fenced);
            });
        world.finally([=] { model::require(all->reported, "all tasks have ended and nobody noticed"); });
    };
}

}  // namespace

TEST_CASE("drain_is_noticed_by_the_last_worker", "[drain]") {
    model::check({.name = "drain, counted with a fence", .preemptions = 4, .stale_reads = 2}, drain(true));
}

TEST_CASE("drain_without_a_fence_goes_unnoticed", "[drain]") {
    const auto found = model::explore({.preemptions = 2, .stale_reads = 1}, drain(false));
    REQUIRE(found.failed);
    CHECK(found.sentence == "all tasks have ended and nobody noticed");
}
