// expect: a channel moves values under its lock
// A type whose move may throw cannot go through a channel by value.
#include <bifilar/bifilar.hpp>

struct heavy {
    heavy() = default;
    heavy(heavy&&) noexcept(false);
};

int main() { bifilar::channel<heavy> channel{1}; }
