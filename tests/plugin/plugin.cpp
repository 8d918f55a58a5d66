// A plug-in that uses the library in all ways that leave something behind.
#include <bifilar/bifilar.hpp>

#include <chrono>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

bf::task<int> sleep_and_answer() {
    co_await bf::sleep_for(1ms);
    co_return 1;
}
bf::task<int> resolve_and_answer() {
    const auto found = co_await bf::resolve("localhost", "80");
    co_return found.has_value() || found.error() ? 4 : 0;  // Without a network it may fail.
}

int work() {
    int sum = 0;
    {
        bf::runtime rt;
        sum += rt.run(sleep_and_answer);
        sum += rt.run([] {
            bf::await(bf::sleep_for(1ms));
            return bf::await(bf::spawn_blocking([] { return 2; }));
        });
        sum += rt.run(resolve_and_answer);
        // Nobody waits for it; it is reaped when it ends.
        if (const auto child = bf::command{"sleep", "0.2"}.spawn()) sum += 8;
    }
    bf::await(bf::sleep_for(1ms));  // As a plain thread.
    return sum + 16;
}

}  // namespace

// In a function of its own: GCC 12 gives all coroutines that are lambdas of an extern "C" function one name.
extern "C" __attribute__((visibility("default"))) int plugin_work() { return work(); }
