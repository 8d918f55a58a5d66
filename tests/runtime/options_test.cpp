// Options of runtimes and spawns: what their names are, and where their limits lie.
#include "catch.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/sched/detail/cpu_quota.hpp>

#include <string>

namespace bf = bifilar;
using Catch::Matchers::Contains;

TEST_CASE("a_backend_is_known_by_its_name") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful})
        CHECK(bf::parse_backend(bf::to_string(on)) == on);
    for (const char* const other : {"", "stack", "stackless ", "fiber"}) CHECK_FALSE(bf::parse_backend(other));
}

// By which of two mistakes is told, so that no threads are made for this.
TEST_CASE("a_runtime_may_have_as_many_workers_as_the_limit_says_and_no_more") {
    bf::runtime_options options;
    options.on_calling_thread = true;
    options.workers = bf::sched::max_workers;
    CHECK_THROWS_WITH(bf::runtime{options}, Contains("on_calling_thread goes with one worker"));
    options.workers = bf::sched::max_workers + 1;
    CHECK_THROWS_WITH(bf::runtime{options}, Contains("workers is " + std::to_string(*options.workers)));
}
