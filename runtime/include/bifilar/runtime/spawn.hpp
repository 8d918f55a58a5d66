// spawn: a task beside the one that runs now, on the same runtime.
// Forms: a plain callable with arguments, a callable that returns a future (a coroutine), or a future; all of them on
// either backend.
#pragma once

#include <bifilar/runtime/detail/launch.hpp>

namespace bifilar {

namespace detail {

/// The scheduler of the running task. Throws std::logic_error elsewhere, which names the caller and what to do instead.
[[nodiscard]] sched::scheduler& current_scheduler(
    const char* caller = "spawn", const char* instead = "call runtime::spawn, or spawn inside of run()");

}  // namespace detail

/// Starts f(args…), or the future `f`, as a task of the current runtime and returns its handle. Callable and arguments
/// are decayed and kept in the task (std::ref passes a reference), so a coroutine lambda's captures live as long as the
/// coroutine. On the stackless backend a plain callable runs to its end in one poll. The task begins with copies of
/// inherited task_local values and under the deadline in force. In a runtime that ends, it is cancelled before it
/// begins. Does not suspend.
/// Throws: std::logic_error outside of a runtime's task (runtime::spawn from outside: after its shutdown);
/// std::bad_alloc; std::invalid_argument for a worker that there is not or a fiber's stack_bytes; for a fiber
/// std::system_error (no more address space or mappings; says what to do); what copies of arguments and inherited
/// values throw.
/// Allocates: one block from the frame pool (a coroutine function with value parameters shares the frame's block; a
/// coroutine lambda with captures takes two), or one stack from the stack pool.
template <class F, class... Args>
join_handle<detail::launched_output<F, Args...>> spawn(const spawn_options& options, F&& f, Args&&... args) {
    return detail::launch(detail::current_scheduler(), options, std::forward<F>(f), std::forward<Args>(args)...);
}

/// The same on the given backend.
template <class F, class... Args>
join_handle<detail::launched_output<F, Args...>> spawn(backend on, F&& f, Args&&... args) {
    spawn_options options;
    options.on = on;
    return spawn(options, std::forward<F>(f), std::forward<Args>(args)...);
}

/// The same on the stackless backend.
template <class F, class... Args>
    requires(!std::is_same_v<std::decay_t<F>, backend> && !std::is_same_v<std::decay_t<F>, spawn_options>)
join_handle<detail::launched_output<F, Args...>> spawn(F&& f, Args&&... args) {
    return detail::launch_stackless(detail::current_scheduler(), {}, std::forward<F>(f), std::forward<Args>(args)...);
}

/// What is left is a mistake.
template <class... Given>
    requires(!detail::can_launch<std::remove_cvref_t<Given>...>)
void spawn(Given&&...) {
    detail::refuse_launch<std::remove_cvref_t<Given>...>();
}

}  // namespace bifilar
