// expect: static assertion failed.*: compile with -fcoro-aligned-allocation; without it clang misplaces
// flags: -fno-coro-aligned-allocation
// compiler: clang
// errors: 1
// Without the option clang would tell nobody what a frame is aligned to.
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

bf::task<int> one() { co_return 1; }
bf::task<int> next(int value, const char*) { co_return value + co_await one(); }

struct counter {
    bf::task<int> count() { co_return ++value; }
    int value = 0;
};

int main() {}
