// Dumps for flame graphs.
#include "catch.hpp"
#include <bifilar/bifilar.hpp>

#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace bf = bifilar;
using Catch::Matchers::Contains;

namespace {

bf::task<> inner(bf::event& until) { co_await until.wait(); }
bf::task<> outer(bf::event& until) { co_await inner(until); }
[[gnu::noinline]] void wait_below(bf::event& until) {
    bf::await(until.wait());
    asm("");  // So that it is no tail call.
}

}  // namespace

TEST_CASE("a_folded_dump_counts_tasks_that_wait_at_the_same_place") {
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime made{options};
    bf::event until;
    std::vector<bf::join_handle<void>> tasks;
    for (int n = 0; n < 5; ++n) tasks.push_back(made.spawn(outer, std::ref(until)));
    for (int n = 0; n < 3; ++n) tasks.push_back(made.spawn(bf::backend::stackful, [&until] { wait_below(until); }));
    tasks.push_back(made.spawn([&until]() -> bf::task<> { (void)co_await bf::race(until.wait(), bf::pending()); }));
    while (made.stats().total().polled < tasks.size()) std::this_thread::yield();
    const std::string text = made.dump().folded();
    INFO(text);
    CHECK_THAT(text, Contains("parked;coroutine;") && Contains(";[bifilar::event] 5\n"));
    // The outermost comes first.
    CHECK(text.find("outer") < text.find("inner"));
    std::istringstream lines{text};
    std::size_t sum = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t space = line.rfind(' ');
        REQUIRE(space != std::string::npos);
        sum += std::stoul(line.substr(space + 1));
    }
    CHECK(sum == tasks.size());
    until.set();
    for (auto& one : tasks) one.join();
}

TEST_CASE("a_folded_dump_of_nothing_is_empty") {
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime made{options};
    CHECK(made.dump().folded().empty());
}
