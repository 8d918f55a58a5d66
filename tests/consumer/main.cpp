// One coroutine and one fiber, spawned by an application that knows only the installed library.
#include <bifilar/bifilar.hpp>

#include <cstdio>

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

int main() {
    const int sum = bf::run(both);
    std::printf("%d\n", sum);
    return sum == 42 ? 0 : 1;
}
