// Servers side by side: each in turn answers for a short while, so that all see the same minutes of a noisy machine.
// Counts the processor time that a server takes in its turns, by the clock of its process.
#include "turns.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <harness/process.hpp>
#include <thread>

namespace bifilar::experiments {

namespace {

// The clock knows a running thread's time as of its last tick or switch: it is exact once the server has gone to sleep.
std::uint64_t at_rest_ns(pid_t process) {
    constexpr int looks = 20;  // One that never rests must not hold up the others.
    std::uint64_t last = processor_ns(process);
    for (int look = 0; look < looks; ++look) {
        std::this_thread::sleep_for(std::chrono::microseconds{500});
        const std::uint64_t now = processor_ns(process);
        if (now == last) break;
        last = now;
    }
    return last;
}

void take_one(turns::counted& one, closed_loop::clock::duration slice) {
    const std::uint64_t before = one.process != 0 ? processor_ns(one.process) : 0;
    const auto began = closed_loop::clock::now();
    one.requests.turn(slice);
    one.took += closed_loop::clock::now() - began;
    if (one.process != 0) one.processor_ns += at_rest_ns(one.process) - before;
}

}  // namespace

void turns::add(const server_address& to, pid_t process, const closed_loop::shape& wanted) {
    const std::size_t number = servers_.size();
    try {
        servers_.emplace_back(to, wanted, process);
    } catch (const std::exception& error) {
        throw failed_server{number, error};
    }
    order_.push_back(number);
}

void turns::take(closed_loop::clock::duration each, closed_loop::clock::duration slice) {
    for (counted& one : servers_) {
        one.requests.forget();
        one.processor_ns = 0;
        one.took = {};
    }
    const auto count = std::max<closed_loop::clock::rep>(1, (each + slice / 2) / slice);
    for (auto turn = count; turn > 0; --turn) {
        // In another order each time: no server always has the same one in front of it, whose traces it finds.
        std::ranges::shuffle(order_, random_);
        for (const std::size_t number : order_) {
            try {
                take_one(servers_[number], each / count);
            } catch (const std::exception& error) {
                throw failed_server{number, error};
            }
        }
    }
}

}  // namespace bifilar::experiments
