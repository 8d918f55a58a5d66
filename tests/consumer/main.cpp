// One coroutine and one fiber, spawned by an application that knows only the installed library.
#include <bifilar/bifilar.hpp>

#include <cstdio>
#include <cstring>

namespace bf = bifilar;

static bf::task<int> half(int value) {
    co_await bf::sleep_for(std::chrono::milliseconds{1});
    co_return value / 2;
}

static int half_in_fiber(int value) { return bf::await(half(value)); }

static bf::task<int> both() {
    auto coroutine = bf::spawn(half, 44);
    auto fiber = bf::spawn(bf::backend::stackful, half_in_fiber, 40);
    co_return co_await coroutine + co_await fiber;
}

// A frame that is larger than the fiber's stack and its guard: the compiler's options decide whether that is noticed.
static void write_below() {
    volatile char frame[200 << 10];
    frame[0] = 1;
}

// Waits shortly for a lock that it has itself: builds with checks tell it.
static bf::task<> wait_for_own_lock() {
    bf::mutex mutex;
    const auto held = co_await mutex.lock();
    (void)co_await bf::timeout(mutex.lock(), std::chrono::milliseconds{1});
}

int main(int count, char** arguments) {
    if (count == 2 && std::strcmp(arguments[1], "own_lock") == 0) {
        bf::run(wait_for_own_lock);
        return 0;
    }
    if (count == 2 && std::strcmp(arguments[1], "large_frame") == 0) {
        bf::runtime_options small;
        small.stack_bytes = 16 << 10;
        bf::runtime{small}.run(write_below);
        return 0;
    }
    const int sum = bf::run(both);
    std::printf("%d\n", sum);
    return sum == 42 ? 0 : 1;
}
