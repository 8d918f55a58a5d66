// The only thread_local that tasks reach.
#include <bifilar/task/detail/thread_state.hpp>

namespace bifilar::detail {

#if defined(__x86_64__) && !defined(__ILP32__) && defined(__linux__)
// this_thread() names it to the assembler.
extern "C" thread_local constinit thread_state bifilar_thread_state;
[[gnu::used]] thread_local constinit thread_state bifilar_thread_state{};
char any_call_may_change = 0;
#else
thread_state& this_thread() noexcept {
    thread_local constinit thread_state state;
    thread_state* here = &state;
    // Keeps link-time optimisation from folding two look-ups.
    asm volatile("" : "+r"(here) : : "memory");
    return *here;
}
#endif

}  // namespace bifilar::detail
