// How far tasks may run inside of each other's polls: as far as the worker's stack has room, and for a while.
#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>

#include <algorithm>
#include <cstdint>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

namespace bifilar::sched {
namespace {

using stack_bounds = worker::stack_bounds;

std::uintptr_t stack_place() noexcept { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

// The main thread's stack grows up to a limit. To ask for its bounds would open a file; the name of the program lies at
// the very top of it, above all frames.
stack_bounds bounds_of_main_stack() noexcept {
    constexpr std::uintptr_t usual_bytes = std::uintptr_t{8} << 20;
    rlimit limit{};
    const bool known = ::getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    // How much of it is in use is not known, so that half counts.
    const std::uintptr_t bytes = (known ? limit.rlim_cur : usual_bytes) / 2;
    const std::uintptr_t here = stack_place();
    const std::uintptr_t top = ::getauxval(AT_EXECFN);
    const bool on_it = here < top && top - here < bytes;
    // Else it runs on a stack that another library has made, whose bounds nobody knows.
    return on_it ? stack_bounds{here - std::min(bytes, here), top} : stack_bounds{};
}

// Of the calling thread. Empty when nobody knows.
stack_bounds bounds_of_stack() noexcept {
    // In a forked child the one thread has the number of the process, on whatever stack it forked.
    const bool is_main = ::gettid() == ::getpid() && base::fork_count() == 0;
    if (is_main) return bounds_of_main_stack();
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return {};
    void* lowest = nullptr;
    std::size_t bytes = 0;
    (void)::pthread_attr_getstack(&attributes, &lowest, &bytes);
    (void)::pthread_attr_destroy(&attributes);
    const auto lowest_place = reinterpret_cast<std::uintptr_t>(lowest);
    return {lowest_place, lowest_place + bytes};
}

}  // namespace

void worker::measure_stack() noexcept { stack_ = bounds_of_stack(); }

// At the start of the loop, wherever the stack is by then. On a stack that is not the thread's nothing nests.
void worker::begin_nesting() noexcept {
    const std::uintptr_t here = stack_place();
    const bool on_it = stack_.lowest < here && here < stack_.highest;
    nesting_ends_ = on_it ? here - std::min<std::uintptr_t>(nesting_bytes, (here - stack_.lowest) / 2) : UINTPTR_MAX;
}

// The clock is looked at often enough, and not before each of many small tasks.
[[gnu::noinline]] bool worker::goes_on_nesting() noexcept {
    constexpr base::instant_ns look_after_ns = 20'000;
    constexpr std::uint32_t max_a_look = 32;
    const bool first_look = nesting_since_ns_ == 0;
    bool goes_on = first_look;
    if (clock_ != nullptr) {  // Real time must not decide who runs first.
        nested_a_look_ = operations_per_run;
        nesting_since_ns_ = 1;
    } else {
        const base::instant_ns now = base::now_ns();
        if (first_look) nesting_since_ns_ = now;
        goes_on = now - nesting_since_ns_ < longest_nesting_ns;
        const bool often = !first_look && now - nesting_looked_ns_ < look_after_ns;
        nested_a_look_ = often ? std::min(2 * nested_a_look_, max_a_look) : 1;
        nesting_looked_ns_ = now;
    }
    until_nesting_look_ = goes_on ? nested_a_look_ : 1;
    if (goes_on) return true;
    // What waits for a look of the worker has waited for all those tasks.
    if (clock_ == nullptr) tick_tasks_ -= until_tick_ - 1;
    until_tick_ = until_global_ = 1;
    return false;
}

}  // namespace bifilar::sched
