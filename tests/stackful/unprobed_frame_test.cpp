// Frames of code that was compiled without stack probes, as this file is: only a guard that is as large catches them.
#include "large_frame.hpp"

using Catch::Matchers::Contains;

TEST_CASE("a guard of several pages catches a frame without probes", "[stackful][stack]") {
#if !defined(BIFILAR_ASAN)
    // ASan marks a frame's edges before it is used, in memory that is its own.
    using bifilar::stackful::guard_kind;
    for (const guard_kind kind : {guard_kind::best, guard_kind::protect}) {
        const tests::last_words last =
            tests::dies_in(tests::write_below, {.guard_bytes = tests::large_frame_bytes, .guard = kind});
        CHECK(last.signal == SIGABRT);
        CHECK_THAT(last.text, Contains("bifilar: fiber stack overflow: task wide, spawned at frame.cpp:7"));
    }
#endif
}

TEST_CASE("a guard of an absurd size is refused", "[stackful][stack]") {
    using bifilar::stackful::largest_stack_bytes;
    using bifilar::stackful::stack_pool;
    CHECK_THROWS_WITH((stack_pool{{.guard_bytes = largest_stack_bytes + 1}}),
                      Contains("guard_bytes is 1073741825") && Contains("1073741824 at most"));
}
