// What a runtime measures of itself, by programs whose figures are known, and the text of it.
#include "catch.hpp"
#include "compute_for.hpp"
#include <bifilar/bifilar.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using tests::compute_for;

namespace {

bf::runtime_options measured(std::uint32_t workers) {
    bf::runtime_options made;
    made.workers = workers;
    made.metrics = true;
    return made;
}

// So many turns, each of that length.
bf::task<> turns(int count, std::chrono::nanoseconds each) {
    for (int n = 0; n < count; ++n) {
        compute_for(each);
        co_await bf::yield_now();
    }
}

}  // namespace

TEST_CASE("nothing_is_measured_unless_asked") {
    bf::runtime made{[] {
        bf::runtime_options options;
        options.workers = 1;
        return options;
    }()};
    made.run(turns, 100, 1us);
    const bf::runtime_metrics now = made.metrics();
    CHECK(now.times.empty());
    CHECK(now.total_times().turns.count() == 0);
    CHECK(now.blocking.run.count() == 0);
    CHECK(now.operations.empty());
    CHECK(now.counts.total().completed == 1);
    CHECK(now.tasks_alive() == 0);
    CHECK_THAT(now.prometheus(), Contains("bifilar_polls_total ") && !Contains("_seconds_sum"));
}

// Each sample stands for all turns since the one before, so the count is nearly theirs.
TEST_CASE("turns_are_sampled_and_their_number_and_length_estimated") {
    bf::runtime made{measured(1)};
    made.run([] {
        bf::task_scope scope;
        for (int n = 0; n < 4; ++n) (void)scope.spawn(turns, 1'000, 50us);
        bf::await(scope.join());
    });
    const bf::runtime_metrics now = made.metrics();
    REQUIRE(now.times.size() == 1);
    const bf::worker_times& times = now.times.front();
    const std::uint64_t polled = now.counts.total().polled;
    CHECK(polled >= 4'000);
    // Three tasks' turns come before the one that was put at the end.
    CHECK(times.turns.count() <= polled + 200);
    CHECK(times.turns.count() >= polled / 2);
    CHECK(times.turns.quantile(0.5) >= 50us);
    CHECK(times.queue_delay.count() >= polled / 2);
    CHECK(times.queue_delay.quantile(0.5) >= 100us);
}

// Fibers stay on their worker, which has a queue of its own for such tasks.
TEST_CASE("the_queue_of_tasks_that_stay_is_looked_at_too") {
    bf::runtime made{measured(1)};
    made.run([] {
        bf::task_scope scope;
        for (int n = 0; n < 4; ++n)
            (void)scope.spawn(bf::backend::stackful, [] {
                for (int turn = 0; turn < 500; ++turn) {
                    compute_for(50us);
                    bf::this_fiber::yield();
                }
            });
        bf::await(scope.join());
    });
    CHECK(made.metrics().total_times().queue_delay.quantile(0.5) >= 100us);
}

TEST_CASE("probes_are_no_polls_of_tasks") {
    bf::runtime made{measured(1)};
    made.run([] {
        bf::task_scope scope;
        for (int n = 0; n < 2; ++n) (void)scope.spawn(turns, 2'000, 20us);
        bf::await(scope.join());
    });
    const bf::runtime_metrics now = made.metrics();
    CHECK(now.times.front().queue_delay.count() != 0);
    // 2,001 for each of the two, and the few of the fiber that waits for them.
    CHECK(now.counts.total().polled >= 4'002);
    CHECK(now.counts.total().polled <= 4'002 + 8);
}

TEST_CASE("sleeps_of_workers_and_delays_of_timers_are_measured") {
    bf::runtime made{measured(1)};
    made.run([]() -> bf::task<> {
        for (int n = 0; n < 10; ++n) co_await bf::sleep_for(2ms);
    });
    const bf::worker_times times = made.metrics().total_times();
    CHECK(times.timer_delay.count() == 10);
    CHECK(times.sleeps.count() >= 10);
    CHECK(times.sleeps.sum() >= 10ms);
}

TEST_CASE("blocking_calls_are_counted_and_timed") {
    bf::runtime_options options = measured(1);
    options.max_blocking_threads = 1;
    bf::runtime made{options};
    std::atomic<bool> go = false;
    made.run([&]() -> bf::task<> {
        auto first = bf::spawn_blocking([&] {
            while (!go) std::this_thread::sleep_for(1ms);
        });
        auto second = bf::spawn_blocking([] {});
        while (bf::this_runtime::metrics().blocking.running != 1) co_await bf::sleep_for(1ms);
        const bf::blocking_stats now = bf::this_runtime::metrics().blocking;
        CHECK(now.threads == 1);
        CHECK(now.queued == 1);
        co_await bf::sleep_for(5ms);
        go = true;
        co_await std::move(first);
        co_await std::move(second);
    });
    // A call is told to be over before its thread has counted it.
    while (made.metrics().blocking.run.count() != 2) std::this_thread::sleep_for(1ms);
    const bf::blocking_stats now = made.metrics().blocking;
    CHECK(now.queue_delay.count() == 2);
    CHECK(now.queue_delay.sum() >= 5ms);
    CHECK(now.run.sum() >= 5ms);
    CHECK(now.queued == 0);
    CHECK(now.running == 0);
}

TEST_CASE("each_worker_tells_its_own_while_they_work") {
    bf::runtime made{measured(2)};
    std::atomic<bool> enough = false;
    std::vector<bf::join_handle<void>> tasks;
    for (int n = 0; n < 8; ++n)
        tasks.push_back(made.spawn([&]() -> bf::task<> {
            while (!enough) {
                compute_for(10us);
                co_await bf::yield_now();
            }
        }));
    const auto both_work = [&] {
        const bf::runtime_metrics now = made.metrics();
        return now.times[0].turns.count() != 0 && now.times[1].turns.count() != 0;
    };
    while (!both_work()) std::this_thread::sleep_for(1ms);
    bf::metrics_format format;
    format.each_worker = true;
    const bf::runtime_metrics now = made.metrics();
    CHECK(now.tasks_alive() == 8);
    CHECK_THAT(now.prometheus(format),
               Contains("bifilar_polls_total{worker=\"0\"} ") && Contains("bifilar_turn_seconds_count{worker=\"1\"} "));
    enough = true;
    for (auto& one : tasks) one.join();
}

TEST_CASE("a_task_asks_its_own_runtime_and_others_are_told_whom_to_ask") {
    bf::runtime one{measured(1)};
    CHECK(one.run([] { return bf::this_runtime::metrics().times.size(); }) == 1);
    CHECK(one.run([] { return bf::this_runtime::dump().tasks().size(); }) == 1);
    CHECK_THROWS_WITH(bf::this_runtime::metrics(), Contains("call runtime::metrics"));
    CHECK_THROWS_WITH(bf::this_runtime::dump(), Contains("call runtime::dump"));
}

// Both ends are in one runtime, and take turns.
TEST_CASE("operations_are_counted_with_waits_and_errors") {
    bf::runtime made{measured(1)};
    made.run([]() -> bf::task<> {
        auto at = bf::tcp_listener::bind("127.0.0.1:0");
        auto client = co_await bf::tcp_stream::connect(at->local_address().value());
        auto server = co_await at->accept();
        std::byte byte[1]{};
        std::size_t bytes = 0;
        for (int n = 0; n < 10; ++n) {
            (co_await client->write_all(byte)).value();
            bytes += (co_await server->read(byte)).value();
        }
        auto reader = bf::spawn([&]() -> bf::task<> { bytes += (co_await server->read(byte)).value(); });
        co_await bf::sleep_for(20ms);
        (co_await client->write_all(byte)).value();
        co_await std::move(reader);
        CHECK(bytes == 11);
        auto refused = co_await bf::tcp_stream::connect("127.0.0.1:1");
        CHECK(!refused);
    });
    const bf::runtime_metrics now = made.metrics();
    const auto of = [&](bf::op_kind kind) { return now.operations.at(static_cast<std::size_t>(kind)); };
    CHECK(of(bf::op_kind::recv).name == "recv");
    CHECK(of(bf::op_kind::recv).results == 11);
    CHECK(of(bf::op_kind::recv).waits >= 1);
    CHECK(of(bf::op_kind::recv).errors == 0);
    CHECK(of(bf::op_kind::send).results == 11);
    CHECK(of(bf::op_kind::accept).results == 1);
    CHECK_THAT(now.prometheus(),
               Contains("bifilar_io_results_total{operation=\"recv\"} 11\n") && !Contains("operation=\"splice_in\""));
}

TEST_CASE("labels_are_escaped_and_bad_ones_refused") {
    bf::runtime made{measured(1)};
    const bf::runtime_metrics now = made.metrics();
    bf::metrics_format format;
    format.labels = {{"runtime", "a\\b\"c\nd"}, {"zone", "x"}};
    CHECK_THAT(now.prometheus(format), Contains("bifilar_tasks_alive{runtime=\"a\\\\b\\\"c\\nd\",zone=\"x\"} 0\n"));
    for (const char* const bad : {"", "1st", "a-b", "le", "worker", "__name__", "naïve"}) {
        format.labels = {{bad, "x"}};
        CHECK_THROWS_WITH(now.prometheus(format), Contains("metrics_format::labels"));
    }
}

TEST_CASE("open_metrics_differ_in_names_units_and_the_end") {
    bf::runtime made{measured(1)};
    const bf::runtime_metrics now = made.metrics();
    CHECK_THAT(now.open_metrics(), Contains("# TYPE bifilar_polls counter\nbifilar_polls_total ") &&
                                       Contains("# UNIT bifilar_frame_bytes bytes\n") &&
                                       Catch::Matchers::EndsWith("\n# EOF\n"));
    CHECK_THAT(now.prometheus(), Contains("# TYPE bifilar_polls_total counter\nbifilar_polls_total ") &&
                                     !Contains("# UNIT") && !Contains("# EOF"));
}
