// What of the processor's state a switch keeps, on both sides: registers, the control of floating point, the alignment
// of a stack, and the chain of frames that unwinders follow.
// It builds on fiber_context alone. Catch's macros stay outside of fibers: bodies write into `seen`.
#include "catch.hpp"

#include <bifilar/stackful/detail/switch.hpp>

#include <array>
#include <cfenv>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <unwind.h>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using bifilar::stackful::fiber_context;

constexpr std::size_t stack_bytes = 256 * 1024;

struct side {
    fiber_context context;
    std::unique_ptr<std::byte[]> stack{new std::byte[stack_bytes]};
    void (*body)(side&);
    std::vector<std::uint64_t> seen;

    explicit side(void (*run)(side&), std::size_t below_top = 0) : body(run) {
        context.prepare(
            stack.get() + stack_bytes - below_top, stack_bytes - below_top,
            [](void* self) noexcept { static_cast<side*>(self)->body(*static_cast<side*>(self)); }, this);
    }
    void suspend() noexcept { context.suspend(); }
};

// The compiler cannot know what this gives, so that it has to keep it.
template <class T>
T opaque(T value) {
    asm volatile("" : "+m"(value));
    return value;
}

// More values than there are registers, alive over what `leave` does: integers, doubles and floats.
template <class Leave>
std::uint64_t keeps_values(std::uint64_t seed, Leave leave) {
    const std::uint64_t a = opaque(seed), b = opaque(seed + 1), c = opaque(seed + 2), d = opaque(seed + 3),
                        e = opaque(seed + 4), f = opaque(seed + 5), g = opaque(seed + 6), h = opaque(seed + 7),
                        i = opaque(seed + 8), j = opaque(seed + 9);
    const double x = opaque(static_cast<double>(seed)), y = opaque(static_cast<double>(seed + 1));
    const float z = opaque(static_cast<float>(seed));
    leave();
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + static_cast<std::uint64_t>(x) +
           static_cast<std::uint64_t>(y) + static_cast<std::uint64_t>(z);
}

std::uint64_t expected(std::uint64_t seed) {
    return keeps_values(seed, [] {});
}

// A frame with a base of its own for its locals: they are aligned beyond the stack, and their number is not known.
std::uint64_t keeps_frame(side& self, std::size_t count) {
    alignas(128) std::array<std::uint64_t, 16> wide{};
    auto* const some = static_cast<std::uint64_t*>(__builtin_alloca(count * sizeof(std::uint64_t)));
    for (std::size_t n = 0; n < count; ++n) some[n] = n;
    wide[3] = opaque(std::uint64_t{7});
    const std::uint64_t kept = keeps_values(100, [&] { self.suspend(); });
    std::uint64_t sum = wide[3] + (reinterpret_cast<std::uintptr_t>(wide.data()) % 128);
    for (std::size_t n = 0; n < count; ++n) sum += some[n];
    return sum + kept;
}

[[gnu::noinline]] void descend(side& self, int depth) {
    volatile char room[128] = {};
    room[5] = static_cast<char>(depth);
    if (depth == 0) {
        self.suspend();
        throw std::runtime_error{"from below"};
    }
    descend(self, depth - 1);
    self.seen.push_back(static_cast<std::uint64_t>(room[5]));  // Never reached, and keeps it from being a loop.
}

// Two of a thread's control words, as a side of a switch keeps them; 0 where there are none.
std::uint64_t control_words() {
#if defined(__x86_64__)
    std::uint16_t x87 = 0;
    asm volatile("fnstcw %0" : "=m"(x87));
    return std::uint64_t{x87} << 32 | _mm_getcsr();
#else
    return 0;
#endif
}

// Leaves the word everywhere on the stack below.
[[gnu::noinline]] void leave_behind(std::uint64_t word) noexcept {
    std::array<volatile std::uint64_t, 128> words;
    for (auto& each : words) each = word;
}

_Unwind_Reason_Code count_frame(_Unwind_Context*, void* count) {
    return ++*static_cast<int*>(count) < 1'000 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

}  // namespace

TEST_CASE("values in registers survive on both sides of a switch", "[stackful][switch]") {
    side s{[](side& self) {
        for (std::uint64_t turn = 0; turn < 4; ++turn)
            self.seen.push_back(keeps_values(1'000 * turn, [&] { self.suspend(); }));
    }};
    for (std::uint64_t turn = 0; turn < 5; ++turn)
        REQUIRE(keeps_values(7 * turn, [&] { s.context.resume(); }) == expected(7 * turn));
    REQUIRE(s.context.finished());
    REQUIRE(s.seen == std::vector{expected(0), expected(1'000), expected(2'000), expected(3'000)});
}

TEST_CASE("a frame of unknown size and wide alignment survives", "[stackful][switch]") {
    side s{[](side& self) { self.seen.push_back(keeps_frame(self, opaque(std::size_t{50}))); }};
    s.context.resume();
    s.context.resume();
    REQUIRE(s.seen == std::vector{7 + 49 * 50 / 2 + expected(100)});
}

TEST_CASE("a context begins on an aligned stack, wherever its top is", "[stackful][switch]") {
    for (const std::size_t below : {0UZ, 1UZ, 8UZ, 24UZ, 56UZ}) {
        side s{[](side& self) {
                   alignas(16) volatile std::uint64_t here = 1;
                   // Not what the compiler may take for granted.
                   self.seen.push_back(opaque(reinterpret_cast<std::uintptr_t>(&here)) % 16 + here);
#if defined(__x86_64__)
                   // Faults on an address that is not aligned.
                   alignas(16) std::array<float, 4> quad{1, 2, 3, 4};
                   asm volatile("movaps %0, %%xmm0" : : "m"(quad) : "xmm0");
#endif
               },
               below};
        s.context.resume();
        REQUIRE(s.context.finished());
        REQUIRE(s.seen == std::vector<std::uint64_t>{1});
    }
}

TEST_CASE("each side keeps its rounding mode, also at the end", "[stackful][switch]") {
    side s{[](side& self) {
        self.seen.push_back(std::fegetround() == FE_TONEAREST);
        std::fesetround(FE_UPWARD);
        self.suspend();
        self.seen.push_back(std::fegetround() == FE_UPWARD);
        std::fesetround(FE_TOWARDZERO);
        self.suspend();
        self.seen.push_back(std::fegetround() == FE_TOWARDZERO);
    }};
    bool kept = true;
    s.context.resume();
    kept &= std::fegetround() == FE_TONEAREST;
    std::fesetround(FE_DOWNWARD);
    s.context.resume();
    kept &= std::fegetround() == FE_DOWNWARD;
    s.context.resume();
    kept &= std::fegetround() == FE_DOWNWARD;
    std::fesetround(FE_TONEAREST);
    REQUIRE(s.context.finished());
    REQUIRE(kept);
    REQUIRE(s.seen == std::vector<std::uint64_t>{1, 1, 1});
}

TEST_CASE("a context begins with the rounding mode of its maker and takes it to other threads", "[stackful][switch]") {
    std::fesetround(FE_UPWARD);
    side s{[](side& self) {
        self.seen.push_back(std::fegetround() == FE_UPWARD);
        self.suspend();
        self.seen.push_back(std::fegetround() == FE_UPWARD);
    }};
    std::fesetround(FE_TONEAREST);
    bool kept = true;
    for (int turn = 0; turn < 2; ++turn)
        std::thread([&] {
            s.context.resume();
            kept &= std::fegetround() == FE_TONEAREST;
        }).join();
    REQUIRE(kept);
#if defined(__x86_64__)
    REQUIRE(s.seen == std::vector<std::uint64_t>{1, 1});
#endif
}

#if defined(__x86_64__)
TEST_CASE("each of the two control words of x86-64 is kept by itself", "[stackful][switch]") {
    static constexpr unsigned int flush_to_zero = 0x8000;
    static constexpr std::uint16_t single = 0x007f;  // x87: a precision of 24 bits, all exceptions masked.
    static constexpr auto x87 = [] {
        std::uint16_t word = 0;
        asm volatile("fnstcw %0" : "=m"(word));
        return word;
    };
    side s{[](side& self) {
        const std::uint16_t before = x87();
        _mm_setcsr(_mm_getcsr() | flush_to_zero);
        self.suspend();
        self.seen.push_back((_mm_getcsr() & flush_to_zero) != 0 && x87() == before);
        _mm_setcsr(_mm_getcsr() & ~flush_to_zero);
        asm volatile("fldcw %0" : : "m"(single));
        self.suspend();
        self.seen.push_back((_mm_getcsr() & flush_to_zero) == 0 && x87() == single);
    }};
    const std::uint16_t before = x87();
    bool kept = true;
    while (!s.context.finished()) {
        s.context.resume();
        kept &= (_mm_getcsr() & flush_to_zero) == 0 && x87() == before;
    }
    REQUIRE(kept);
    REQUIRE(s.seen == std::vector<std::uint64_t>{1, 1});
}
#endif

TEST_CASE("who unwinds a context's stack comes to an end at its entry", "[stackful][switch]") {
    side s{[](side& self) {
        for (int turn = 0; turn < 2; ++turn) {
            int frames = 0;
            _Unwind_Backtrace(&count_frame, &frames);
            self.seen.push_back(static_cast<std::uint64_t>(frames));
            self.suspend();
        }
    }};
    s.context.resume();
    std::thread([&] { s.context.resume(); }).join();
    s.context.resume();
    REQUIRE(s.seen.size() == 2);
    for (const std::uint64_t frames : s.seen) REQUIRE((frames >= 1 && frames < 20));
}

TEST_CASE("an exception passes many frames that a switch has left and come back to", "[stackful][switch]") {
    side s{[](side& self) {
        try {
            descend(self, opaque(150));
        } catch (const std::runtime_error& e) {
            self.seen.push_back(std::string{e.what()} == "from below");
        }
    }};
    s.context.resume();
    std::thread([&] { s.context.resume(); }).join();
    REQUIRE(s.context.finished());
    REQUIRE(s.seen == std::vector<std::uint64_t>{1});
}

// A context that ends leaves nobody's control words behind: what lies there is the resumer's own, by chance.
TEST_CASE("a resumer keeps its rounding mode whatever the context leaves on its stack", "[stackful][switch]") {
    const std::unique_ptr<std::byte[]> stack{new std::byte[stack_bytes]};
    std::uint64_t words = control_words();
    fiber_context context;
    context.prepare(
        stack.get() + stack_bytes, stack_bytes,
        [](void* of_resumer) noexcept {
            leave_behind(*static_cast<std::uint64_t*>(of_resumer));
            std::fesetround(FE_UPWARD);
        },
        &words);
    context.resume();
    const int mode = std::fegetround();
    std::fesetround(FE_TONEAREST);
    REQUIRE(context.finished());
    REQUIRE(mode == FE_TONEAREST);
}
