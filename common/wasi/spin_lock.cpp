// Nobody to give the processor to: a program has one thread, so no lock is ever found held.
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/spin_lock.hpp>

namespace bifilar::base {

void yield_thread() noexcept {}
void let_others_run() noexcept {}

// There are no simulations, which have threads.
bool simulated_bits(std::uint64_t&) noexcept { return false; }

}  // namespace bifilar::base
