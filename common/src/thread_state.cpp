// The only thread_local that tasks reach. The barrier keeps link-time optimisation from folding two look-ups.
#include <bifilar/core/thread_state.hpp>

namespace bifilar {

thread_state& this_thread() noexcept {
    thread_local constinit thread_state state;
    thread_state* here = &state;
    asm volatile("" : "+r"(here) : : "memory");
    return *here;
}

}  // namespace bifilar
