// The kernel's side of spin_lock: giving the processor away.
#include <bifilar/base/detail/spin_lock.hpp>

#include <bifilar/base/detail/baton.hpp>

#include <sched.h>

namespace bifilar::base {

void yield_thread() noexcept { ::sched_yield(); }

void let_others_run() noexcept {
    if (baton* const simulation = baton::here()) return simulation->give_way();
    yield_thread();
}

}  // namespace bifilar::base
