// What a worker runs, and where, while it is stopped.
#pragma once

#include <bifilar/task/task_visitor.hpp>

namespace bifilar {
namespace detail {
struct task_header;
}
namespace sched {
class worker;
class worker_freeze;
}  // namespace sched
}  // namespace bifilar

namespace bifilar::dump {

/// What a worker runs.
struct running_task {
    const detail::task_header* header = nullptr;  ///< Null: nothing.
    parked_stack stack;                           ///< Where it was stopped; without a top: nobody knows.
};

/// Of a worker that `freeze` has stopped, or found gone; valid as long as it stands. Allocates nothing.
[[nodiscard]] running_task see_running(const sched::worker_freeze& freeze, const sched::worker& worker) noexcept;

}  // namespace bifilar::dump
