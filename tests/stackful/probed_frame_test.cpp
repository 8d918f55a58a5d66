// Frames larger than the guard, compiled as all code is that links the library: the guard of one page catches them.
#include "large_frame.hpp"

using Catch::Matchers::Contains;

TEST_CASE("a frame larger than the guard does not step over it", "[stackful][stack]") {
#if !defined(BIFILAR_ASAN)
    // ASan marks a frame's edges before it is used, in memory that is its own.
    using bifilar::stackful::guard_kind;
    for (const guard_kind kind : {guard_kind::best, guard_kind::protect}) {
        const tests::last_words last = tests::dies_in(tests::write_below, {.guard = kind});
        CHECK(last.signal == SIGABRT);
        CHECK_THAT(last.text, Contains("bifilar: fiber stack overflow: task wide, spawned at frame.cpp:7"));
    }
#endif
}
