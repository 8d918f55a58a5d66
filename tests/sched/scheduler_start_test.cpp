// How a scheduler begins and ends: workers that cannot start, processors, a clock that stays, and what is counted.
#include "catch.hpp"
#include "gates.hpp"
#include <bifilar/future/ready.hpp>
#include <bifilar/sched/detail/topology.hpp>
#include <bifilar/time/simulated_clock.hpp>

#include <chrono>
#include <sched.h>
#include <stdexcept>
#include <vector>

namespace bf = bifilar;
using tests::count_turns;
using tests::gates;
using tests::start;
using tests::with;

namespace {

// One worker gets no place to sleep.
class a_gate_less final : public bf::sched::environment {
public:
    explicit a_gate_less(std::uint32_t worker) noexcept : worker_{worker} {}
    std::unique_ptr<bf::detail::parker> make_parker(std::uint32_t worker) override {
        if (worker == worker_) throw std::runtime_error{"no gate for it"};
        return std::make_unique<bf::detail::gate_parker>();
    }
    void detached_exception(const char*, std::exception_ptr) noexcept override {}

private:
    std::uint32_t worker_;
};

int processors_of_this_thread() {
    cpu_set_t mine;
    REQUIRE(::sched_getaffinity(0, sizeof mine, &mine) == 0);
    return CPU_COUNT(&mine);
}

}  // namespace

TEST_CASE("a_worker_that_cannot_start_ends_the_others_and_its_error_is_thrown") {
    for (std::uint32_t worker = 0; worker < 3; ++worker) {
        a_gate_less parts{worker};
        CHECK_THROWS_WITH((bf::sched::scheduler{with(3), parts}), "no gate for it");
    }
    a_gate_less parts{3};
    bf::sched::scheduler scheduler{with(3), parts};
    CHECK(start(scheduler, count_turns(3)).join() == 3);
}

TEST_CASE("workers_run_on_one_processor_each_where_they_are_pinned") {
    const int all = processors_of_this_thread();
    for (const bf::pin pinning : {bf::pin::none, bf::pin::core}) {
        gates parts;
        bf::sched::scheduler_options options = with(2);
        options.pinning = pinning;
        bf::sched::scheduler scheduler{options, parts};
        CHECK(scheduler.pin_report().empty());
        for (int n = 0; n < 20; ++n)
            CHECK(start(scheduler, bf::lazy(processors_of_this_thread)).join() == (pinning == bf::pin::none ? all : 1));
    }
}

TEST_CASE("a_clock_that_outlives_its_scheduler_moves_on_and_serves_another") {
    bf::simulated_clock clock{bf::simulated_clock::mode::manual};
    const auto began = clock.now();
    for (int n = 1; n <= 3; ++n) {
        {
            gates parts;
            bf::sched::scheduler_options options = with(2);
            options.clock = &clock;
            bf::sched::scheduler scheduler{options, parts};
            CHECK(start(scheduler, count_turns(3)).join() == 3);
        }
        clock.advance(std::chrono::seconds{1});
        CHECK(clock.now() == began + n * std::chrono::seconds{1});
    }
}

TEST_CASE("a_task_that_yields_does_not_count_as_the_newest") {
    gates parts;
    bf::sched::scheduler scheduler{with(1), parts};
    CHECK(start(scheduler, count_turns(1'000)).join() == 1'000);
    const bf::worker_stats counts = scheduler.stats().total();
    CHECK(counts.polled == 1'001);
    CHECK(counts.lifo_hits == 0);
    CHECK(counts.stolen == 0);
    CHECK(counts.wakes == 0);
}
