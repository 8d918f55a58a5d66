// The scheduler without drivers and fibers: parkers are plain gates.
#include "catch.hpp"
#include "environment.hpp"
#include "gates.hpp"
#include "resource_limits.hpp"
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/future/ready.hpp>
#include <bifilar/future/yield.hpp>
#include <bifilar/sched/detail/blocking_pool.hpp>
#include <bifilar/sched/detail/cpu_quota.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/topology.hpp>
#include <bifilar/stackless/detail/future_task.hpp>
#include <bifilar/stackless/task.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using tests::count_turns;
using tests::gates;
using tests::start;
using tests::with;

namespace {

class temporary_folder {
public:
    temporary_folder() : path_{std::filesystem::temp_directory_path() / ("bifilar-" + std::to_string(::getpid()))} {}
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    void put(const std::string& name, const std::string& text) {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream{path_ / name} << text;
    }
    [[nodiscard]] std::string root() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("every_task_runs_exactly_once_for_any_number_of_workers") {
    if (!tests::threads_suffice(120)) return;
    for (const std::uint32_t workers : {1U, 2U, 3U, 8U, 70U}) {
        gates parts;
        bf::sched::scheduler scheduler{with(workers), parts};
        std::vector<bf::join_handle<int>> handles;
        for (int n = 0; n < 2'000; ++n) handles.push_back(start(scheduler, count_turns(n % 7)));
        long sum = 0;
        for (auto& handle : handles) sum += handle.join();
        long expected = 0;
        for (int n = 0; n < 2'000; ++n) expected += n % 7;
        CHECK(sum == expected);
        CHECK(scheduler.stats().total().spawned == 2'000);
    }
}

TEST_CASE("a_spinning_pair_does_not_starve_the_rest") {
    // Two tasks wake each other for ever through their turns; a third must get its turns as well.
    gates parts;
    bf::sched::scheduler scheduler{with(1), parts};
    std::atomic<bool> stop{false};
    struct body {
        static bf::task<> spin(std::atomic<bool>& stop) {
            while (!stop) co_await bf::yield_now();
        }
    };
    auto a = start(scheduler, body::spin(stop));
    auto b = start(scheduler, body::spin(stop));
    CHECK(start(scheduler, count_turns(100)).join() == 100);
    stop = true;
    a.join();
    b.join();
}

TEST_CASE("a_stuck_workers_slot_is_taken_by_another") {
    gates parts;
    bf::sched::scheduler scheduler{with(2), parts};
    for (int round = 0; round < 20; ++round) {
        // The first task puts the second into its slot and then holds its worker until the second has run.
        std::atomic<bool> ran{false};
        auto stuck = start(scheduler, bf::lazy([&] {
                               auto second = start(scheduler, bf::lazy([&] { ran = true; }));
                               while (!ran) std::this_thread::yield();
                               second.detach();
                           }));
        stuck.join();
        CHECK(ran);
    }
}

TEST_CASE("drain_cancels_what_is_parked_and_can_be_repeated") {
    gates parts;
    bf::sched::scheduler scheduler{with(2), parts};
    for (int n = 0; n < 100; ++n) start(scheduler, bf::pending<int>()).detach();
    CHECK(scheduler.drain(bf::base::never));
    CHECK(scheduler.live() == 0);
    CHECK(scheduler.drain(bf::base::never));
    CHECK_THROWS_AS(start(scheduler, bf::ready(1)), std::logic_error);
}

TEST_CASE("start_and_stop_many_times") {
    for (int round = 0; round < 300; ++round) {
        gates parts;
        bf::sched::scheduler scheduler{with(2), parts};
        start(scheduler, count_turns(3)).detach();
    }
}

TEST_CASE("a_lost_exception_reaches_the_environment") {
    gates parts;
    {
        bf::sched::scheduler scheduler{with(1), parts};
        auto handle = start(scheduler, bf::lazy([]() -> int { throw std::runtime_error{"lost"}; }));
        while (!handle.done()) std::this_thread::yield();
        handle.detach();
    }
    CHECK(parts.lost == 1);
}

TEST_CASE("a_scheduler_in_a_simulation_asks_for_simulated_time") {
    bf::base::decisions none{std::vector<bf::base::decision>{}, {}};
    std::thread{[&] {
        bf::base::baton simulation{none, 10'000};
        gates parts;
        CHECK_THROWS_WITH((bf::sched::scheduler{with(1), parts}), Catch::Contains("automatic simulated_clock"));
        simulation.await_others();
    }}.join();
}

TEST_CASE("quotas_are_read_as_containers_set_them") {
    const tests::environment_variable none{"BIFILAR_WORKERS", std::nullopt};
    temporary_folder files;
    files.put("proc/self/cgroup", "0::/box/inner\n");
    files.put("sys/fs/cgroup/box/cpu.max", "150000 100000\n");
    files.put("sys/fs/cgroup/box/inner/cpu.max", "max 100000\n");
    CHECK(bf::sched::cgroup_quota(files.root()) == 2);
    CHECK(bf::sched::cgroup_quota(files.root() + "/nowhere") == 0);
    for (const char* const none_at_all : {"0 100000\n", "150000 0\n", "max\n"}) {
        files.put("sys/fs/cgroup/box/cpu.max", none_at_all);
        CHECK(bf::sched::cgroup_quota(files.root()) == 0);
    }
    CHECK(bf::sched::default_workers() >= 1);
    {
        const tests::environment_variable three{"BIFILAR_WORKERS", "3"};
        CHECK(bf::sched::default_workers() == 3);
    }
    for (const char* const bad : {"0", "many", "-1", "5000"}) {
        const tests::environment_variable wrong{"BIFILAR_WORKERS", bad};
        CHECK_THROWS_WITH(bf::sched::default_workers(), Catch::Contains(bad) && Catch::Contains("1 to 4096"));
    }
}

TEST_CASE("the_topology_knows_its_processors") {
    const auto usable = bf::sched::usable_processors();
    REQUIRE_FALSE(usable.empty());
    CHECK(usable.front().distance(usable.front()) == 0);
    CHECK_FALSE(bf::sched::topology::of_machine().describe().empty());
    const auto layout = bf::sched::lay_out_workers(5, bf::pin::core);
    for (std::uint32_t worker = 0; worker < 5; ++worker) {
        std::size_t others = 0;
        for (const auto& ring : layout.victims[worker]) others += ring.size();
        CHECK(others == 4);
        CHECK(layout.cpus[worker].size() == 1);
    }
}

TEST_CASE("workers_that_stay_on_a_node_may_use_all_of_its_processors") {
    const auto usable = bf::sched::usable_processors();
    const auto layout = bf::sched::lay_out_workers(3, bf::pin::numa);
    for (std::uint32_t worker = 0; worker < 3; ++worker) {
        const auto& mine = layout.cpus[worker];
        REQUIRE_FALSE(mine.empty());
        const auto first = std::ranges::find(usable, mine.front(), &bf::sched::processor::number);
        REQUIRE(first != usable.end());
        std::vector<std::uint32_t> neighbours;
        for (const bf::sched::processor& one : usable)
            if (one.node() == first->node()) neighbours.push_back(one.number());
        CHECK(mine == neighbours);
        CHECK(layout.victims[worker].size() == 1);
    }
    CHECK(bf::sched::lay_out_workers(1, bf::pin::none).cpus.front().empty());
}

// What a thread may use is not what the first one that asked could use.
TEST_CASE("workers_are_laid_out_on_what_the_thread_may_use_now") {
    const tests::environment_variable no_number{"BIFILAR_WORKERS", std::nullopt};
    const auto all = bf::sched::usable_processors();
    for (const bf::sched::processor& one : all) {
        INFO("processor " << one.number());
        std::thread{[&] {
            REQUIRE(bf::sched::pin_this_thread({one.number()}).empty());
            CHECK(bf::sched::usable_processors().size() == 1);
            CHECK(bf::sched::default_workers() == 1);
            const auto layout = bf::sched::lay_out_workers(2, bf::pin::core);
            for (const auto& seat : layout.cpus) CHECK(seat == std::vector{one.number()});
        }}.join();
    }
    const auto layout = bf::sched::lay_out_workers(static_cast<std::uint32_t>(all.size()), bf::pin::core);
    for (std::size_t worker = 0; worker < all.size(); ++worker)
        CHECK(layout.cpus[worker] == std::vector{all[worker].number()});
}

namespace {

class counting_job final : public bf::sched::blocking_job {
public:
    counting_job(std::atomic<int>& runs, std::latch& start) : runs_{&runs}, start_{&start} {}
    void run() noexcept override {
        start_->arrive_and_wait();
        ++*runs_;
    }

private:
    std::atomic<int>* runs_;
    std::latch* start_;
};

}  // namespace

TEST_CASE("blocking_jobs_run_at_once_up_to_the_limit_and_all_in_the_end") {
    struct quick final : bf::sched::blocking_job {
        explicit quick(std::latch& l) : latch{&l} {}
        void run() noexcept override { latch->count_down(); }
        std::latch* latch;
    };
    std::atomic<int> runs{0};
    // Jobs and latches outlive the pool: a thread may still be inside a job when its latch opens.
    std::latch all{8};
    std::latch singles{100};
    std::vector<std::unique_ptr<counting_job>> jobs;
    std::vector<std::unique_ptr<quick>> queue;
    {
        // As many threads as jobs are needed, or the latch would never open. They stay until the pool ends.
        bf::sched::blocking_pool pool{8, std::chrono::hours{1}};
        for (int n = 0; n < 8; ++n) {
            jobs.push_back(std::make_unique<counting_job>(runs, all));
            pool.submit(*jobs.back());
        }
        all.wait();
        CHECK(pool.threads() == 8);
        for (int n = 0; n < 100; ++n) {
            queue.push_back(std::make_unique<quick>(singles));
            pool.submit(*queue.back());
        }
        singles.wait();
        CHECK(pool.threads() <= 8);
    }
    CHECK(runs == 8);
    CHECK_THROWS_AS((bf::sched::blocking_pool{0, std::chrono::seconds{1}}), std::invalid_argument);
}
