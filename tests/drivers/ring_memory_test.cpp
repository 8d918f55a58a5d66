// The memory of one thread's ring is another's later. ThreadSanitizer has to know that no two threads share it.
#include "catch.hpp"
#include "drivers/small_ring.hpp"
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/bifilar.hpp>

#include <chrono>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

void wait_in_a_ring() {
    const tests::small_ring ring{8};
    bf::block_on(bf::sleep_for(1ms));
}

bool is_alive(pid_t thread) { return ::syscall(SYS_tgkill, ::getpid(), thread, 0) == 0; }

}  // namespace

TEST_CASE("a_ring_lies_where_a_dead_threads_lay") {
    if (!tests::rings_are_usual()) return;
    for (int turn = 0; turn < 20; ++turn) {
        // Relaxed, as nothing but the kernel shall order the two threads.
        bf::base::atomic<pid_t> first{0};
        std::thread one{[&] {
            wait_in_a_ring();
            first.store(static_cast<pid_t>(::syscall(SYS_gettid)), bf::base::relaxed);
        }};
        std::thread other{[&] {
            while (first.load(bf::base::relaxed) == 0 || is_alive(first.load(bf::base::relaxed)))
                std::this_thread::yield();
            wait_in_a_ring();
        }};
        one.join();
        other.join();
    }
}
