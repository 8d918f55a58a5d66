// The switch: order of events, exceptions on both sides, and moving between threads.
// It builds on fiber_context alone; stacks are plain arrays. Under a sanitizer the same tests judge its annotations.
// Threads take turns through joins, so each test has one order of events.
#include "catch.hpp"

#include <bifilar/stackful/detail/switch.hpp>

#include <cfenv>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using bifilar::stackful::fiber_context;

constexpr std::size_t stack_bytes = 256 * 1024;

// A body on a stack of its own. Catch's macros stay outside of fibers: bodies write into `log`.
struct strand {
    fiber_context context;
    std::unique_ptr<std::byte[]> stack{new std::byte[stack_bytes]};
    void (*body)(strand&) = nullptr;
    std::string log;
    std::vector<int> counts;

    explicit strand(void (*run)(strand&)) : body(run) { start(); }
    void start() noexcept {
        context.prepare(
            stack.get() + stack_bytes, stack_bytes,
            [](void* self) noexcept { static_cast<strand*>(self)->body(*static_cast<strand*>(self)); }, this);
    }
    void suspend() noexcept { context.suspend(); }
};

void resume_elsewhere(strand& s) {
    std::thread([&] { s.context.resume(); }).join();
}

int in_flight() noexcept { return std::uncaught_exceptions(); }

// Suspends while it is destroyed, that is, in the middle of unwinding.
struct suspends_in_destructor {
    strand& s;
    ~suspends_in_destructor() {
        s.counts.push_back(in_flight());
        s.suspend();
        s.counts.push_back(in_flight());
    }
};

void throw_through_suspension(strand& s) {
    try {
        const suspends_in_destructor guard{s};
        throw std::runtime_error("first");
    } catch (const std::runtime_error& e) {
        s.log += e.what();
        s.suspend();
        try {
            throw;
        } catch (const std::runtime_error& again) {
            s.log += std::string("/") + again.what();
        }
    }
    s.counts.push_back(in_flight());
    s.log += std::current_exception() == nullptr ? "/none" : "/some";
}

}  // namespace

TEST_CASE("a context runs in turns with its resumer", "[stackful][switch]") {
    strand s{[](strand& self) {
        self.log += "a";
        self.suspend();
        self.log += "b";
        self.suspend();
        self.log += "c";
    }};
    REQUIRE_FALSE(s.context.finished());
    s.context.resume();
    REQUIRE(s.log == "a");
    s.context.resume();
    REQUIRE(s.log == "ab");
    REQUIRE_FALSE(s.context.finished());
    s.context.resume();
    REQUIRE(s.log == "abc");
    REQUIRE(s.context.finished());
}

TEST_CASE("a context is used again after it finished, in both ways to finish", "[stackful][switch]") {
    strand s{[](strand& self) {
        self.suspend();
        self.log += "x";
        if (self.log.size() % 2 == 0) self.context.finish();
    }};
    for (std::size_t run = 1; run <= 2000; ++run) {
        if (run != 1) s.start();
        s.context.resume();
        s.context.resume();
        REQUIRE(s.context.finished());
        REQUIRE(s.log.size() == run);
    }
}

TEST_CASE("a context moves between threads", "[stackful][switch]") {
    strand s{[](strand& self) {
        int local = 1;
        for (int i = 0; i < 19; ++i) {
            local *= 3;
            self.suspend();
            self.counts.push_back(local);
        }
    }};
    for (int i = 0; i < 20; ++i) i % 2 == 0 ? resume_elsewhere(s) : s.context.resume();
    REQUIRE(s.context.finished());
    REQUIRE(s.counts.size() == 19);
    REQUIRE(s.counts[18] == 1162261467);
}

TEST_CASE("exceptions stay with their context across suspensions on one thread", "[stackful][switch]") {
    strand a{throw_through_suspension}, b{throw_through_suspension};
    while (!a.context.finished()) {
        a.context.resume();
        REQUIRE(in_flight() == 0);
        REQUIRE(std::current_exception() == nullptr);
        b.context.resume();
        REQUIRE(in_flight() == 0);
    }
    for (const strand* s : {&a, &b}) {
        REQUIRE(s->log == "first/first/none");
        REQUIRE(s->counts == std::vector<int>{1, 1, 0});
    }
}

TEST_CASE("exceptions move with their context to another thread", "[stackful][switch]") {
    strand s{throw_through_suspension};
    s.context.resume();
    REQUIRE(in_flight() == 0);
    std::thread([&] {
        s.context.resume();
        s.counts.push_back(in_flight() + 100);
    }).join();
    REQUIRE(in_flight() == 0);
    resume_elsewhere(s);
    REQUIRE(s.context.finished());
    REQUIRE(s.log == "first/first/none");
    REQUIRE(s.counts == std::vector<int>{1, 1, 100, 0});
}

TEST_CASE("a resumer that handles an exception keeps it, and the context does not see it", "[stackful][switch]") {
    strand s{[](strand& self) {
        self.counts.push_back(std::current_exception() == nullptr);
        self.suspend();
        self.counts.push_back(in_flight());
        try {
            throw 1;
        } catch (int) {
            self.suspend();
        }
        self.counts.push_back(std::current_exception() == nullptr);
    }};
    struct resumes_in_destructor {
        strand& to;
        ~resumes_in_destructor() {
            to.context.resume();
            to.counts.push_back(10 + in_flight());
        }
    };
    try {
        throw std::string("outer");
    } catch (const std::string&) {
        s.context.resume();
        try {
            throw;
        } catch (const std::string& again) {
            REQUIRE(again == "outer");
        }
    }
    try {
        const resumes_in_destructor guard{s};
        throw 2;
    } catch (int value) {
        REQUIRE(value == 2);
    }
    s.context.resume();
    REQUIRE(s.context.finished());
    REQUIRE(s.counts == std::vector<int>{1, 0, 11, 1});
}

TEST_CASE("the rounding mode belongs to the context", "[stackful][switch]") {
    strand s{[](strand& self) {
        std::fesetround(FE_UPWARD);
        self.suspend();
        self.counts.push_back(std::fegetround() == FE_UPWARD);
    }};
    s.context.resume();
    REQUIRE(std::fegetround() == FE_TONEAREST);
    s.context.resume();
    REQUIRE(s.counts == std::vector<int>{1});
    REQUIRE(std::fegetround() == FE_TONEAREST);
}

TEST_CASE("many contexts are alive at once and end in another order", "[stackful][switch]") {
    constexpr std::size_t count = 300;
    std::vector<std::unique_ptr<strand>> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back(std::make_unique<strand>([](strand& self) {
            for (int turn = 0; turn < 10; ++turn) self.suspend();
            self.log = "done";
        }));
    for (int turn = 0; turn < 11; ++turn)
        for (std::size_t i = 0; i < count; ++i) all[i * 7 % count]->context.resume();
    for (const auto& s : all) REQUIRE((s->context.finished() && s->log == "done"));
}

TEST_CASE("an abandoned context leaves nothing behind in the runtime tools", "[stackful][switch]") {
    for (int i = 0; i < 50; ++i) {
        strand s{[](strand& self) { self.suspend(); }};
        s.context.resume();
        REQUIRE_FALSE(s.context.finished());
    }
}

TEST_CASE("the switch's state fits its place", "[stackful][switch]") {
    STATIC_REQUIRE(sizeof(bifilar::base::exception_globals) == 16);
    STATIC_REQUIRE(sizeof(fiber_context) <= 144);  // Of which a switch touches the first 48.
}
