// Two fibers that take turns, for a debugger that goes through the switches between them.
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

namespace {

void take_turns(int turns) {
    for (int turn = 0; turn != turns; ++turn) bf::await(bf::yield_now());
}

bf::task<void> both() {
    auto one = bf::spawn(bf::backend::stackful, take_turns, 1'000'000);
    auto other = bf::spawn(bf::backend::stackful, take_turns, 1'000'000);
    co_await one;
    co_await other;
}

}  // namespace

int main() {
    bf::runtime_options how;
    how.workers = 1;
    bf::runtime{how}.run(both);
}
