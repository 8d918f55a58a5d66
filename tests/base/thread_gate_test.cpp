// The gate under block_on: an opening is remembered once, a wait with a limit ends, no opening is lost.
#include "catch.hpp"
#include <bifilar/base/detail/thread_gate.hpp>

#include <atomic>
#include <chrono>
#include <thread>

using bifilar::base::thread_gate;

TEST_CASE("an_opening_is_remembered_and_consumed_once") {
    thread_gate gate;
    gate.open();
    gate.open();
    gate.wait();
    CHECK_FALSE(gate.wait_for(0));
    CHECK_FALSE(gate.wait_for(1));
    gate.open();
    CHECK(gate.wait_for(0));
    CHECK_FALSE(gate.wait_for(1'000));
}

TEST_CASE("a_wait_with_a_limit_is_not_shorter_than_it") {
    thread_gate gate;
    const auto began = std::chrono::steady_clock::now();
    CHECK_FALSE(gate.wait_for(3'000'000));
    CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds{3});
}

TEST_CASE("two_threads_that_open_each_others_gates_never_hang") {
    constexpr int turns = 10'000;
    thread_gate ping;
    thread_gate pong;
    std::atomic<int> passed{0};
    std::thread other{[&] {
        for (int n = 0; n < turns; ++n) {
            if (n % 2 == 0)
                ping.wait();
            else
                while (!ping.wait_for(200)) {
                }
            ++passed;
            pong.open();
        }
    }};
    for (int n = 0; n < turns; ++n) {
        ping.open();
        pong.wait();
    }
    other.join();
    CHECK(passed == turns);
}
