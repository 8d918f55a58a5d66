// Two threads, two counters, a distance: how far apart they must be not to disturb each other.
// The counters lie in one block that is aligned to 4 KiB, so that the distance alone decides.
#include <bifilar/base/detail/atomic.hpp>
#include <harness/pin.hpp>
#include <harness/seat.hpp>
#include <harness/stopwatch.hpp>
#include <memory>
#include <new>
#include <thread>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

// Written by one thread each. Relaxed throughout: the distance is measured, not an order.
using counter = base::atomic<std::uint64_t>;

struct alignas(4096) block {
    unsigned char bytes[8192];
};

}  // namespace

sample add_apart(std::size_t stride_bytes, std::uint64_t additions) {
    const std::vector<int> processors = allowed_processors();
    const auto memory = std::make_unique<block>();
    counter* const counters[2] = {new (memory->bytes) counter{0}, new (memory->bytes + stride_bytes) counter{0}};
    base::atomic<int> ready{0};  // Counts the threads that have arrived. Written and read by both.
    double each[2] = {0, 0};
    const auto seat_of = [&](std::size_t mine) {
        return processors[(processors.size() - 1 + mine) % processors.size()];
    };
    note_seat({seat_of(0), seat_of(1)}, 2);
    const auto party = [&](std::size_t mine) {
        pin_to({seat_of(mine)});
        ready.fetch_add(1, base::relaxed);  // Relaxed: a starting gun, no message.
        while (ready.load(base::relaxed) != 2) base::spin_pause();
        const stopwatch watch;
        for (std::uint64_t i = 0; i < additions; ++i)
            counters[mine]->fetch_add(1, base::relaxed);  // Relaxed: see counter.
        each[mine] = watch.per_operation(static_cast<double>(additions));
    };
    std::thread other{party, 1};
    party(0);
    other.join();
    pin_to(processors);
    // Relaxed: both threads have ended.
    const std::uint64_t sum = counters[0]->load(base::relaxed) + counters[1]->load(base::relaxed);
    return {(each[0] + each[1]) / 2, sum, {}};
}

}  // namespace bifilar::experiments
