// How deep a function may call itself on 8 MiB of stack: a fiber's, and a thread's.
// The result depends on every inner one, and is kept from the compiler, so that the recursion does not become a loop.
#include <pthread.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <harness/measure.hpp>
#include <harness/peers.hpp>
#include <system_error>

#include "thread_stack.hpp"
#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::size_t stack_bytes = std::size_t{8} << 20;
constexpr std::ptrdiff_t spare_bytes = 16 << 10;  // For the pool's record and for signals.

struct descent {
    const std::byte* low;  // Of the stack; the recursion ends a little above.
    std::uint64_t calls = 0;
    const std::byte* deepest = nullptr;
};

// Every local holds `call`, so that the result is the same for any number of them.
template <std::size_t Locals>
[[gnu::noinline]] std::uint64_t down(std::uint64_t call, descent& to) {
    std::array<std::uint64_t, Locals> locals;
    locals.fill(call);
    keep(locals.data());
    const std::byte* const here = static_cast<const std::byte*>(__builtin_frame_address(0));
    if (here - to.low < spare_bytes) {
        to.calls = call;
        to.deepest = here;
        return 1;
    }
    const std::uint64_t inner = down<Locals>(call + 1, to);
    keep(inner);
    keep(locals.data());
    if constexpr (Locals == 0)
        return inner * 3 + call;
    else
        return inner * 3 + locals[call % Locals];
}

template <std::size_t Locals>
sample descend(const std::byte* low) {
    descent to{low};
    const auto* const top = static_cast<const std::byte*>(__builtin_frame_address(0));
    const std::uint64_t got = down<Locals>(1, to);
    std::uint64_t expected = 1;
    for (std::uint64_t call = to.calls - 1; call > 0; --call) expected = expected * 3 + call;
    const auto calls = static_cast<double>(to.calls);
    return {calls, got == expected ? 1U : 0U, {{"bytes_per_call", static_cast<double>(top - to.deepest) / calls}}};
}

template <std::size_t Locals>
sample in_a_fiber() {
    runtime made{workers(1)};
    spawn_options options;
    options.on = backend::stackful;
    options.stack_bytes = stack_bytes;
    return made
        .spawn(options,
               [] {
                   // A little below the stack's lowest byte, for its top is above this frame; less than is spared.
                   const auto* const here = static_cast<const std::byte*>(__builtin_frame_address(0));
                   return descend<Locals>(here - stack_bytes);
               })
        .join();
}

sample in_a_thread() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    sample result;
    pthread_t thread{};
    const auto run = [](void* to) -> void* {
        *static_cast<sample*>(to) = descend<0>(thread_stack{}.low());
        return nullptr;
    };
    const int error = pthread_create(&thread, &attributes, run, &result);
    pthread_attr_destroy(&attributes);
    if (error != 0) throw std::system_error{error, std::generic_category(), "no thread with 8 MiB of stack"};
    pthread_join(thread, nullptr);
    return result;
}

}  // namespace

void add_depth(experiment& all) {
    workload work{"depth", "calls deep until the stack is used up", "calls", static_cast<double>(stack_bytes), 1, {}};
    work.isolated = true;
    work.warm_up = 0;
    work.repetitions = 10;
    work.quick_repetitions = 1;
    work.contenders = {{"fiber", in_a_fiber<0>}, {"fiber, eight locals", in_a_fiber<8>}, {"thread", in_a_thread}};
    // Go's stack grows: it goes to 512 MiB.
    add_peers(all, work, {go({"depth", "536870912"}), tokio({"depth"}), python({"depth"})});
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
