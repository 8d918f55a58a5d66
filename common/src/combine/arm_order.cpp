// The generator of each thread, seeded from its address and the clock.
#include <bifilar/combine/detail/arm_order.hpp>

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/random.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <numeric>
#include <utility>

namespace bifilar::detail {

std::uint64_t random_bits() noexcept {
    std::uint64_t& state = this_thread().random;
    // 0 stands for a generator that has no seed yet. In a simulation none ever has: each choice is a decision.
    if (std::uint64_t bits = 0; state == 0 && base::simulated_bits(bits)) return bits;
    if (state == 0) state = (reinterpret_cast<std::uintptr_t>(&state) ^ static_cast<std::uint64_t>(base::now_ns())) | 1;
    base::random random{state};
    state = random.next();
    return random.next();
}

std::vector<std::uint32_t> random_order(std::size_t count) {
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    base::random random{random_bits() | 1};
    for (auto left = static_cast<std::uint32_t>(count); left > 1; --left)
        std::swap(order[left - 1], order[random.below(left)]);
    return order;
}

}  // namespace bifilar::detail
