// The number of threads: each that is made counts, and asking needs no descriptor.
#include "catch.hpp"
#include "descriptors.hpp"
#include <bifilar/base/detail/thread_count.hpp>

#include <latch>
#include <thread>

using bifilar::base::thread_count;

TEST_CASE("a_thread_that_lives_is_counted") {
    std::thread{[] {}}.join();  // With the first, ThreadSanitizer starts one of its own, which stays.
    const std::size_t before = thread_count();
    REQUIRE(before >= 1);
    std::latch begun{2};
    std::latch ended{1};
    std::thread other{[&] {
        begun.count_down();
        ended.wait();
    }};
    begun.arrive_and_wait();
    CHECK(thread_count() == before + 1);
    ended.count_down();
    other.join();
}

TEST_CASE("threads_are_counted_while_no_descriptor_is_left") {
    const std::size_t before = thread_count();
    const tests::no_descriptors_left none;
    CHECK(thread_count() == before);
}
