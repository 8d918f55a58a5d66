// Tasks of both models in every state, planted for gdb to find. gdb_test.py reads the lines from the comments `at:`,
// and compares them with what the debugger says.
#include <bifilar/bifilar.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <sys/prctl.h>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace planted {

bf::mutex left, right;
bf::channel<int> empty{1}, full{1};
volatile bool go_on = true;

// A future of the user's own, whose wake gets lost.
class lost_wake {
public:
    using output = void;
    bf::polled<void> poll(bf::context& cx) {
        kept_ = cx.waker();
        return bf::not_ready;
    }

private:
    bf::waker kept_;
};

bf::task<int> inner(int number) {
    const int tripled = 3 * number;
    co_await bf::sleep_for(1h);  // at: inner
    co_return tripled;
}

bf::task<int> middle(int number) {
    const std::string word = "kept";
    co_await bf::yield_now();
    const int one = co_await inner(number + 1);  // at: middle
    const int other = co_await inner(number + 2);
    co_return one + other + static_cast<int>(word.size());
}

bf::task<int> outer(int number) {
    int sum = 0;
    for (int turn = 0; turn < number; ++turn) {
        sum += co_await middle(10 * turn + 4);  // at: outer
    }
    co_return sum;
}

[[gnu::noinline]] int step(int level) {
    volatile int local = 7 * level;
    if (level == 0) {
        const auto got = bf::await(empty.recv());  // at: step.0
        return got ? *got : local;
    }
    const int below = step(level - 1);  // at: step
    return below + local;
}

void deep() {
    const int got = step(3);  // at: deep
    std::printf("%d\n", got);
}

bf::task<void> first() {
    const auto mine = co_await left.lock();
    co_await bf::sleep_for(20ms);
    const auto other = co_await right.lock();  // at: first
}

void second() {
    const auto mine = bf::await(right.lock());
    bf::await(bf::sleep_for(20ms));
    const auto other = bf::await(left.lock());  // at: second
}

bf::task<void> sender() {
    (void)full.try_send(1);
    (void)co_await full.send(2);  // at: sender
}

void napper() {
    bf::await(bf::sleep_for(1h));  // at: napper
}

bf::task<void> lost() {
    co_await lost_wake{};  // at: lost
}

[[gnu::noinline]] void spin() {
    while (go_on) {
    }
}

void spinner() {
    spin();  // at: spinner
    std::puts("over");
}

bf::task<void> joiner(bf::join_handle<int> of) {
    (void)co_await of;  // at: joiner
}

bf::task<void> turner() {
    spin();  // at: turner
    std::puts("over");
    co_return;
}

template <class... Given>
auto plant(const char* name, bf::backend on, Given&&... given) {
    return bf::spawn({.on = on, .name = name}, std::forward<Given>(given)...);
}

bf::task<void> plant_all() {
    using enum bf::backend;
    auto held = plant("chain", stackless, outer, 3);
    auto joins = plant("joiner", stackless, joiner, std::move(held));
    auto timed = plant("timed", stackless, [limit = 1h]() -> bf::task<void> {
        (void)co_await bf::timeout(middle(8), limit);  // at: timed
    });
    plant("deep", stackful, deep).detach();
    plant("first", stackless, first).detach();
    plant("second", stackful, second).detach();
    plant("sender", stackless, sender).detach();
    plant("napper", stackful, napper).detach();
    plant("lost", stackless, lost).detach();
    co_await bf::sleep_for(50ms);
    plant("spinner", stackful, spinner).detach();
    plant("turner", stackless, turner).detach();
    std::puts("planted");
    std::fflush(stdout);
    co_await bf::join_all(std::move(joins), std::move(timed));  // at: main
}

}  // namespace planted

int main() {
    // Whoever runs the test may look.
    ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    bf::runtime_options how;
    how.workers = 3;
    bf::runtime{how}.run(planted::plant_all);
}
