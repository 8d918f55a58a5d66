// What happens to an exception that nobody will join: it goes to the runtime's handler.
// Called by every kind of task when its last reference goes.
#pragma once

#include <bifilar/task/detail/task_core.hpp>
#include <bifilar/task/outcome.hpp>
#include <cstdint>
#include <exception>

namespace bifilar::sched {

/// Hands the exception to the handler of the task's runtime, which the serial number tells from one that came into its
/// place; without a handler it prints the message and terminates, and also when that runtime is gone.
void report_lost(const detail::task_core& task, std::exception_ptr error, std::uint32_t runtime_serial) noexcept;

template <class T>
void report_lost_error(const detail::task_core& task, detail::outcome<T>& outcome) noexcept {
    if (outcome.has_error()) [[unlikely]]
        report_lost(task, outcome.take_error(), outcome.runtime_serial());
}

}  // namespace bifilar::sched
