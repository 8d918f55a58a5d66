// The kernel's side of spin_lock: giving the processor away.
#include <bifilar/base/detail/spin_lock.hpp>

#include <sched.h>

namespace bifilar::base {

void yield_thread() noexcept { ::sched_yield(); }

}  // namespace bifilar::base
