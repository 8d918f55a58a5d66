// The generator of each thread, seeded from its address and the clock.
#include <bifilar/core/arm_order.hpp>

#include <bifilar/base/clock.hpp>
#include <bifilar/base/random.hpp>
#include <bifilar/core/thread_state.hpp>

namespace bifilar::detail {

std::uint64_t random_bits() noexcept {
    std::uint64_t& state = this_thread().random;
    if (state == 0) state = (reinterpret_cast<std::uintptr_t>(&state) ^ static_cast<std::uint64_t>(base::now_ns())) | 1;
    base::random random{state};
    state = random.next();
    return random.next();
}

}  // namespace bifilar::detail
