// Stacks as ranges of memory: sizes, guards, use, and the report of an overflow.
// It builds on stack.hpp and overflow.hpp; what must die does so in a child process, whose last words are read.
// Needs no particular kernel: both kinds of guard are tried where both exist.
#include "catch.hpp"
#include "last_words.hpp"

#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/stackful/detail/overflow.hpp>
#include <bifilar/stackful/detail/stack.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>
#include <bifilar/stackful/detail/switch.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bifilar::stackful;
using Catch::Matchers::Contains;
using tests::descend;
using tests::dies;
using tests::last_words;

namespace {

struct one_fiber {
    stack_view stack;
    fiber_context context;
    std::size_t depth = 0;
};

running_fiber describe(void* fiber) noexcept {
    return {static_cast<one_fiber*>(fiber)->stack, "deep thought", "story.cpp", 42};
}

void run_to_depth(one_fiber& f, std::size_t depth) {
    f.depth = depth;
    f.context.prepare(
        f.stack.top, f.stack.size(), [](void* self) noexcept { descend(static_cast<one_fiber*>(self)->depth); }, &f);
    f.context.resume();
}

void overflow_with(guard_kind kind) {
    stack_pool pool{{.guard = kind}};
    one_fiber f;
    f.stack = pool.take(64 * 1024);
    const overflow_watch watch{describe, &f};
    run_to_depth(f, 1'000'000);
}

}  // namespace

TEST_CASE("stack sizes are rounded up and absurd ones refused", "[stackful][stack]") {
    REQUIRE(stack_class_bytes(8192) == 8192);
    REQUIRE(stack_class_bytes(8193) == 16384);
    REQUIRE(stack_class_bytes(default_stack_bytes) == 262144);
    REQUIRE(stack_class_bytes(largest_stack_bytes) == largest_stack_bytes);
    REQUIRE_THROWS_WITH(stack_class_bytes(8191), Contains("8191") && Contains("8192"));
    REQUIRE_THROWS_WITH(stack_class_bytes(0), Contains("too small"));
    REQUIRE_THROWS_WITH(stack_class_bytes(largest_stack_bytes + 1), Contains("too large"));
}

TEST_CASE("stack_used finds the deepest word and touches nothing else", "[stackful][stack]") {
    const std::size_t bytes = 1024 * 1024;
    std::byte* const base = reserve_stacks(bytes);
    const stack_view stack{base, base + bytes};
    REQUIRE(stack_used(stack) == 0);
    stack.top[-8] = std::byte{1};
    REQUIRE(stack_used(stack) == 8);
    stack.top[-100'000] = std::byte{1};
    REQUIRE(stack_used(stack) == 100'000);
    discard_pages(base, bytes - page_bytes());
    REQUIRE(stack_used(stack) == 8);
    release_stacks(base, bytes, 0);
}

TEST_CASE("a fiber's use of its stack is seen", "[stackful][stack]") {
    stack_pool pool;
    one_fiber f;
    f.stack = pool.take(default_stack_bytes);
    run_to_depth(f, 1);
    const std::size_t shallow = stack_used(f.stack);
    run_to_depth(f, 40);
    REQUIRE(stack_used(f.stack) > shallow);
#if !defined(BIFILAR_ASAN)
    // ASan may keep a frame's variables elsewhere, to find uses after return.
    REQUIRE(stack_used(f.stack) > shallow + 38 * 2048);
#endif
    REQUIRE(stack_used(f.stack) < f.stack.size());
    pool.give(f.stack);
}

TEST_CASE("an overflow is reported with the task's name and ends the process", "[stackful][stack]") {
    for (const guard_kind kind : {guard_kind::best, guard_kind::protect}) {
        const last_words last = dies([kind] { overflow_with(kind); });
        REQUIRE(last.signal == SIGABRT);
        REQUIRE_THAT(last.text, Contains("bifilar: fiber stack overflow: task deep thought, spawned at story.cpp:42"));
        REQUIRE_THAT(last.text, Contains("guard 0x") && Contains("give it more with spawn_options::stack_bytes"));
    }
}

TEST_CASE("other faults go to whoever handled them before", "[stackful][stack]") {
#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)
    const auto fault = [] {
        one_fiber f;
        stack_pool pool;
        f.stack = pool.take(64 * 1024);
        const overflow_watch watch{describe, &f};
        static volatile std::uintptr_t nowhere = 64;  // Volatile, so that the compiler does not see it coming.
        *reinterpret_cast<volatile int*>(nowhere) = 1;
    };
    const last_words plain = dies(fault);
    REQUIRE(plain.signal == SIGSEGV);
    REQUIRE(plain.text.empty());
    const last_words handled = dies([&] {
        std::signal(SIGSEGV, [](int) {
            [[maybe_unused]] const auto n = ::write(STDERR_FILENO, "mine", 4);
            ::_exit(7);
        });
        fault();
    });
    REQUIRE(handled.text == "mine");
#endif
}

TEST_CASE("an overflow outside of any fiber is not called one", "[stackful][stack]") {
    const last_words last = dies([] {
        const overflow_watch watch{[](void*) noexcept { return running_fiber{}; }};
        ::raise(SIGSEGV);
    });
    REQUIRE_THAT(last.text, !Contains("fiber stack overflow"));
}
