// The same workloads with Boost.Fiber's own scheduler on one thread. One run, one sample.
// Usage: fiber_peer waiting N | initial N | yield TASKS ROUNDS | sequential N | concurrent N.
// Stacks are of 16 KiB from malloc; where fibers are made and ended again and again, from a pool of such.
#include <boost/fiber/all.hpp>

#include <memory>
#include <string>
#include <vector>

#include "sample.hpp"

namespace {

namespace fibers = boost::fibers;
using peer::refused;
using peer::report;

constexpr std::size_t stack_bytes = 16 << 10;

// Fibers that all wait for one event.
struct meeting {
    fibers::mutex lock;
    fibers::condition_variable opened;
    bool open = false;
    std::uint64_t arrived = 0;
    std::uint64_t left = 0;

    void visit() {
        std::unique_lock hold{lock};
        ++arrived;
        opened.wait(hold, [this] { return open; });
        ++left;
    }
};

// Returns once all wait.
void gather(meeting& at, std::vector<fibers::fiber>& all) {
    for (fibers::fiber& one : all)
        one = fibers::fiber{fibers::launch::post, std::allocator_arg, fibers::fixedsize_stack{stack_bytes},
                            [&at] { at.visit(); }};
    while (at.arrived != all.size()) boost::this_fiber::yield();
}

std::uint64_t release(meeting& at, std::vector<fibers::fiber>& all) {
    {
        const std::lock_guard hold{at.lock};
        at.open = true;
    }
    at.opened.notify_all();
    for (fibers::fiber& one : all) one.join();
    return at.left;
}

void warm_up() {
    meeting small;
    std::vector<fibers::fiber> few(64);
    gather(small, few);
    release(small, few);
}

void waiting(std::uint64_t count) {
    warm_up();
    meeting at;
    std::vector<fibers::fiber> all(count);
    const peer::memory before;
    gather(at, all);
    const peer::memory after;
    peer::report_waiting(before, after, count, release(at, all));
}

// What a fiber is given whose maker names no size.
void initial(std::uint64_t count) {
    std::uint64_t ended = 0;
    std::vector<fibers::fiber> all(count);
    for (fibers::fiber& one : all) one = fibers::fiber{[&ended] { ++ended; }};
    for (fibers::fiber& one : all) one.join();
    report(static_cast<double>(fibers::default_stack::traits_type::default_size()), ended);
}

void yields(std::uint64_t tasks, std::uint64_t rounds) {
    peer::ring ring{rounds};
    std::vector<fibers::fiber> all;
    all.reserve(tasks);
    for (std::uint64_t i = 0; i < tasks; ++i)
        all.emplace_back(fibers::launch::post, std::allocator_arg, fibers::fixedsize_stack{stack_bytes},
                         [&ring, first = i == 0] {
                             for (std::uint64_t round = 0; round <= ring.last(); ++round) {
                                 ring.turn(first, round);
                                 boost::this_fiber::yield();
                             }
                         });
    for (fibers::fiber& one : all) one.join();
    report(peer::nanoseconds(ring.start, ring.end) / static_cast<double>(tasks * rounds), ring.turns);
}

void sequential(std::uint64_t count) {
    fibers::pooled_fixedsize_stack stacks{stack_bytes};
    peer::report_warmed(count, [&stacks](std::uint64_t times) {
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < times; ++i)
            fibers::fiber{fibers::launch::post, std::allocator_arg, stacks, [&sum] { ++sum; }}.join();
        return sum;
    });
}

void concurrent(std::uint64_t count) {
    fibers::pooled_fixedsize_stack stacks{stack_bytes};
    peer::report_warmed(count, [&stacks](std::uint64_t times) {
        std::uint64_t sum = 0;
        std::vector<fibers::fiber> all;
        all.reserve(times);
        for (std::uint64_t i = 0; i < times; ++i)
            all.emplace_back(fibers::launch::post, std::allocator_arg, stacks, [&sum] { ++sum; });
        for (fibers::fiber& one : all) one.join();
        return sum;
    });
}

void run(int count, char** words) {
    const std::string name = words[0];
    if (count == 2 && name == "waiting") return waiting(peer::number(words[1]));
    if (count == 2 && name == "initial") return initial(peer::number(words[1]));
    if (count == 3 && name == "yield") return yields(peer::number(words[1]), peer::number(words[2]));
    if (count == 2 && name == "sequential") return sequential(peer::number(words[1]));
    if (count == 2 && name == "concurrent") return concurrent(peer::number(words[1]));
    throw refused{"no workload " + name + " with so many numbers"};
}

}  // namespace

int main(int argc, char** argv) { return peer::guarded("fiber_peer", argc, argv, run); }
