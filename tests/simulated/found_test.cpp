// What simulations have found in the library.
#include <catch.hpp>

#include "busy_body.hpp"
#include <bifilar/simulation/for_seeds.hpp>

namespace {

using namespace tests;
namespace simulation = bf::simulation;

// A read that is given up by a destructor on another worker than the one whose driver has it. Its cancel was late, for
// which time had to move, which waited for this worker to rest.
bf::task<void> give_reads_up() {
    auto ends = bf::make_pipe();
    must(ends.has_value(), "no pipe");
    bf::pipe_reader from = std::move(ends->first);
    bf::event told;
    const auto tell = [&]() -> bf::task<void> {
        for (int n = 0; n != 4; ++n) co_await bf::yield_now();
        told.set();
    };
    auto telling = bf::spawn(tell);
    {
        std::array<std::byte, 8> buffer;
        auto reading = from.read(buffer);
        auto news = told.wait();
        const auto first = co_await bf::select(reading, news);
        must(first.index() == 1, "bytes out of nothing");
    }
    co_await telling;
}

TEST_CASE("a_late_cancel_that_a_destructor_on_another_worker_waits_for_ends") {
    simulation::options how;
    how.workers = 3;
    how.max_turns = 10'000;
    for (const bf::backend on : both_models) {
        how.on = on;
        CHECK(simulation::for_seeds(100, give_reads_up, how).seeds == 100);
    }
}

}  // namespace
