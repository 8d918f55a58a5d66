// A look at one poll of a worker, while polls come and go: what it tells is of the poll that was meant.
#include "stall/poll_reader.hpp"
#include "catch.hpp"
#include "one_worker.hpp"
#include "signals_come.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/sched/detail/scheduler.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <string>

namespace bf = bifilar;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

bf::spawn_options named(const char* name) {
    bf::spawn_options options;
    options.name = name;
    return options;
}

[[gnu::noinline]] void be_red(steady_clock::time_point until) {
    while (steady_clock::now() < until) tests::let_signals_come();
    asm("");
}
[[gnu::noinline]] void be_blue(steady_clock::time_point until) {
    while (steady_clock::now() < until) tests::let_signals_come();
    asm(" ");
}

}  // namespace

TEST_CASE("a_poll_that_ends_while_it_is_looked_at_is_not_taken_for_another") {
    std::atomic<bool> enough = false;
    bf::runtime_options options = both::small_runtime(1);
    options.stall_limit = 0ns;
    bf::runtime rt{options};
    // Turns of some microseconds, so that many of them end between a mark and a stop.
    const auto turns = [&enough](auto turn) -> bf::task<> {
        while (!enough.load()) {
            turn(steady_clock::now() + 30us);
            co_await bf::yield_now();
        }
    };
    auto red = rt.spawn(named("red"), turns, be_red);
    auto blue = rt.spawn(named("blue"), turns, be_blue);
    bf::sched::scheduler& of = bf::runtime::scheduler_of(rt);
    bf::stall::poll_reader reader;
    int taken = 0, over = 0, in_place = 0;
    std::map<const void*, std::set<std::string>> colours;
    const auto give_up = steady_clock::now() + 20s;
    while ((taken < 200 || over < 200) && steady_clock::now() < give_up) {
        const auto mark = of.worker_at(0).present_poll();
        if (mark.task == nullptr) continue;
        const auto answer = reader.take(of, 0, mark);
        if (answer == bf::stall::poll_reader::answer::over) ++over;
        if (answer != bf::stall::poll_reader::answer::taken) continue;
        ++taken;
        bf::task_stall seen;
        reader.read(seen);
        const auto is_in = [&seen](std::string_view function) {
            return std::ranges::any_of(seen.frames, [&](const bf::dumped_frame& frame) {
                return frame.function.find(function) != std::string::npos;
            });
        };
        INFO(seen.text());
        CHECK((seen.name == "red" || seen.name == "blue"));
        CHECK_FALSE(is_in(seen.name == "red" ? "be_blue" : "be_red"));
        if (is_in(seen.name == "red" ? "be_red" : "be_blue")) ++in_place;
        // Its address was that of the mark as well.
        colours[mark.task].insert(seen.name);
    }
    for (const auto& [task, names] : colours) CHECK(names.size() == 1);
    CHECK(in_place > 0);
    enough = true;
    red.join();
    blue.join();
}
