// Nobody to give the processor to: a program has one thread, so no lock is ever found held.
#include <bifilar/base/spin_lock.hpp>

#include <sched.h>

namespace bifilar::base {

void yield_thread() noexcept { ::sched_yield(); }

}  // namespace bifilar::base
