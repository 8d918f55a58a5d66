// Connections that are served once and then left alone: the server's memory for each, and its processor time.
#include <cstdint>
#include <harness/stopwatch.hpp>
#include <thread>
#include <vector>

#include "client.hpp"

namespace bifilar::experiments {

namespace {

// Of the whole machine.
std::int64_t slab_bytes() { return bytes_after("/proc/meminfo", "Slab:"); }
std::int64_t kernel_stack_bytes() { return bytes_after("/proc/meminfo", "KernelStack:"); }

}  // namespace

load_result measure_idle(const load_options& given) {
    warm_up(given);
    const std::int64_t resident = resident_bytes(given.process);
    const std::int64_t slab = slab_bytes();
    const std::int64_t kernel_stacks = kernel_stack_bytes();
    std::vector<socket_owner> all;
    all.reserve(given.idle);
    for (std::size_t n = 0; n < given.idle; ++n) {
        const message own = message_of(n);
        all.push_back(served(given.server, own.data(), own.size(), true, n));
        reset_on_close(all.back().get());
    }
    await_rest(given.process);
    const auto count = static_cast<double>(given.idle);
    load_result got;
    got.value = static_cast<double>(resident_bytes(given.process) - resident) / count;
    got.also["kernel_slab_of_both_ends_bytes"] = static_cast<double>(slab_bytes() - slab) / count;
    got.also["kernel_stacks_bytes"] = static_cast<double>(kernel_stack_bytes() - kernel_stacks) / count;
    const std::uint64_t ran = processor_ns(given.process);
    const stopwatch watch;
    std::this_thread::sleep_for(std::chrono::duration<double>{given.seconds});
    const double seconds = watch.seconds();
    got.also["processor_us_per_second"] = static_cast<double>(processor_ns(given.process) - ran) / 1000 / seconds;
    for (std::size_t n = 0; n < given.idle; ++n) {  // All are still served.
        const message own = message_of(n + 1);
        message back;
        send_all(all[n].get(), own.data(), own.size());
        if (receive(all[n].get(), back.data(), back.size(), MSG_WAITALL) != back.size())
            refuse("the server did not answer a connection that had been idle");
        check(back.data(), own.data(), own.size());
    }
    return got;
}

}  // namespace bifilar::experiments
