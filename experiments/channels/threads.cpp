// The round trips once more between two threads, over queues of a mutex and condition variables.
// They have the workers' processors to themselves: both the same one, or two, between which the kernel moves them.
#include <harness/locked_queue.hpp>
#include <harness/measure.hpp>
#include <thread>

#include "rows.hpp"

namespace bifilar::experiments {

sample threads_round_trips(std::uint64_t trips, std::uint32_t processors) {
    const pinned here{processors};
    locked_queue<std::uint64_t> requests{1};
    locked_queue<std::uint64_t> replies{1};
    const std::jthread answering{[&] {
        while (const std::optional<std::uint64_t> got = requests.recv()) replies.send(*got + 1);
    }};
    const auto ask = [&](std::uint64_t count) {
        std::uint64_t sum = 0;
        for (std::uint64_t n = 0; n < count; ++n) {
            requests.send(n);
            sum += *replies.recv() - n;
        }
        return sum;
    };
    (void)ask(trips / 10);
    const counting_stopwatch watch;
    const std::uint64_t sum = ask(trips);
    const sample all = watch.stop(trips, sum);
    requests.close();
    return all;
}

}  // namespace bifilar::experiments
