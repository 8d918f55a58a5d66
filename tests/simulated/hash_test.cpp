// A seed is a whole run: in one process, in another, with several workers, in each model.
#include <catch.hpp>

#include "busy_body.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <unistd.h>

namespace {

using namespace tests;
namespace simulation = bf::simulation;

simulation::options with(unsigned workers, bf::backend on, simulation::weather kernel = simulation::weather::rough) {
    simulation::options how;
    how.workers = workers;
    how.on = on;
    how.kernel = kernel;
    return how;
}

TEST_CASE("a_seed_gives_the_same_run_again") {
    for (const unsigned workers : {1U, 2U, 4U})
        for (const bf::backend on : both_models)
            for (std::uint64_t seed = 1; seed <= 8; ++seed) {
                INFO("workers: " << workers << ", backend: " << bf::to_string(on) << ", seed: " << seed);
                const auto one = simulation::simulate(seed, busy_body, with(workers, on));
                const auto other = simulation::simulate(seed, busy_body, with(workers, on));
                REQUIRE(one.failure == "");
                REQUIRE(one.hash == other.hash);
                REQUIRE(one.decisions == other.decisions);
                REQUIRE(one.turns == other.turns);
                REQUIRE(one.time == other.time);
                REQUIRE(one.kernel.trace == other.kernel.trace);
                REQUIRE(one.plan.code() == other.plan.code());
            }
}

TEST_CASE("each_kind_of_decision_of_the_scheduler_comes_with_some_seed") {
    std::set<bf::base::decision_kind> kinds;
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        for (const bf::base::decision& one :
             simulation::simulate(seed, busy_body, with(3, bf::backend::stackless)).plan.decisions())
            kinds.insert(one.kind());
    using enum bf::base::decision_kind;
    for (const auto kind : {preempt, next, woken_first, look, order, nest, victim, newest}) {
        INFO("kind " << static_cast<int>(kind));
        CHECK(kinds.contains(kind));
    }
}

TEST_CASE("seeds_differ") {
    std::set<std::uint64_t> hashes;
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        hashes.insert(simulation::simulate(seed, busy_body, with(2, bf::backend::stackless)).hash);
    CHECK(hashes.size() == 50);
}

bf::task<void> waits_for(bf::event& told) { co_await told.wait(); }

bf::task<void> tells_one_before_the_other(std::size_t first) {
    std::array<bf::event, 2> told;
    auto one = bf::spawn(waits_for, std::ref(told[0]));
    auto other = bf::spawn(waits_for, std::ref(told[1]));
    for (int n = 0; n != 4; ++n) co_await bf::yield_now();
    told[first].set();
    told[1 - first].set();
    for (int n = 0; n != 4; ++n) co_await bf::yield_now();
    co_await one;
    co_await other;
}

TEST_CASE("a_hash_says_which_of_two_tasks_that_are_alike_has_run") {
    auto how = with(1, bf::backend::stackless);
    how.plan.emplace();
    const auto hash_of = [&how](std::size_t first) {
        return simulation::simulate(
                   1, [first] { return tells_one_before_the_other(first); }, how)
            .hash;
    };
    CHECK(hash_of(0) == hash_of(0));
    CHECK(hash_of(0) != hash_of(1));
}

TEST_CASE("a_plan_gives_the_run_of_its_seed_again") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed: " << seed);
        auto how = with(3, bf::backend::stackless);
        const auto one = simulation::simulate(seed, busy_body, how);
        how.plan = simulation::plan::parse(one.plan.code());
        const auto other = simulation::simulate(99, busy_body, how);
        REQUIRE(other.failure == "");
        REQUIRE(one.hash == other.hash);
    }
}

TEST_CASE("without_any_decision_a_run_is_calm") {
    auto how = with(2, bf::backend::stackless);
    how.plan.emplace();
    const auto calm = simulation::simulate(1, busy_body, how);
    CHECK(calm.failure == "");
    CHECK(calm.plan.empty());
    CHECK(calm.kernel.cut == 0);
    CHECK(calm.kernel.interrupted == 0);
}

TEST_CASE("hashes of some seeds", "[.hashes]") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        std::printf("hash %llu\n", static_cast<unsigned long long>(
                                       simulation::simulate(seed, busy_body, with(3, bf::backend::stackless)).hash));
}

// The hashes that another process prints.
std::string hashes_of_another_process() {
    std::string self(4096, '\0');
    const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size());
    REQUIRE(length > 0);
    self.resize(static_cast<std::size_t>(length));
    const std::unique_ptr<FILE, int (*)(FILE*)> from{::popen(("'" + self + "' '[.hashes]'").c_str(), "r"), &::pclose};
    REQUIRE(from != nullptr);
    std::string found;
    std::array<char, 256> line;
    while (std::fgets(line.data(), line.size(), from.get()) != nullptr)
        if (std::string_view{line.data()}.starts_with("hash ")) found += line.data();
    return found;
}

TEST_CASE("a_seed_gives_the_same_run_in_another_process") {
    const std::string one = hashes_of_another_process();
    CHECK(!one.empty());
    CHECK(one == hashes_of_another_process());
}

}  // namespace
