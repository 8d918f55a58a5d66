// The way of an exception that nobody joins.
#include <bifilar/sched/detail/lost_error.hpp>

#include <bifilar/sched/detail/scheduler.hpp>

#include <cstdio>

namespace bifilar::sched {

void report_lost(const detail::task_core& task, std::exception_ptr error, std::uint32_t runtime_serial) noexcept {
    if (scheduler::report(task, std::move(error), runtime_serial)) return;
    std::fputs("bifilar: an exception of a task that nobody joined outlived its runtime; join the handle first\n",
               stderr);
    std::terminate();
}

}  // namespace bifilar::sched
