// Nobody to give the processor to: a program has one thread, so no lock is ever found held.
#include <bifilar/base/detail/spin_lock.hpp>

namespace bifilar::base {

void yield_thread() noexcept {}

}  // namespace bifilar::base
