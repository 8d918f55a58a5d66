// spawn_blocking: a call that may block its thread, made on the runtime's pool of such threads.
#pragma once

#include <bifilar/future/join_handle.hpp>
#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/runtime/spawn.hpp>
#include <bifilar/sched/detail/blocking_job.hpp>
#include <bifilar/sched/detail/lost_error.hpp>
#include <bifilar/sched/detail/start.hpp>
#include <bifilar/stackless/detail/bound_call.hpp>
#include <bifilar/time/deadline.hpp>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace bifilar {

namespace detail {

/// A job that looks like a task to whoever joins it: header, joiner and outcome, and the call.
template <class Call>
class blocking_task final : public task_cell<output_of<Call>>, public sched::blocking_job {
    using output = output_of<Call>;

public:
    template <class... Given>
    static join_handle<output> start(sched::scheduler& on, sched::blocking_pool& pool, Given&&... given) {
        std::unique_ptr<blocking_task> made{new blocking_task{std::forward<Given>(given)...}};
        made->state_.set_owner(sched::owner_id_of(on));  // Whose handler gets an exception that nobody joins.
        made->runtime_serial_ = sched::serial_of(on);
        made->inherited_ = locals_for_child(this_thread());
        sched::submit(pool, *made);
        return join_handle<output>{*made.release()};
    }

private:
    template <class... Given>
    explicit blocking_task(Given&&... given)
        : task_cell<output>{kind, 1}, call_{std::make_unique<Call>(std::in_place, std::forward<Given>(given)...)} {}

    void run() noexcept override {
        context cx{*this};
        this_thread().runtime_serial = runtime_serial_;
        if (inherited_ != nullptr) inherited_->adopt_clock();
        const base::instant_ns inherited_deadline =
            inherited_ != nullptr ? inherited_->inherited_deadline() : base::never;
        const bool late = deadline_has_come(inherited_deadline);
        std::optional<job_locals> own{std::in_place, std::move(inherited_)};
        if (this->state_.begin_run() || late) {
            this->outcome_.set_cancelled();
        } else {
            try {
                polled<output> answer = call_->poll(cx);
                if constexpr (std::is_void_v<output>)
                    this->outcome_.set_value();
                else
                    this->outcome_.set_value(answer.take());
            } catch (const task_cancelled&) {
                // Of two whose deadline comes, the one that it waited for may have been asked first.
                if (this->state_.is_cancelling() || deadline_has_come(inherited_deadline))
                    this->outcome_.set_cancelled();
                else
                    this->outcome_.set_error(std::current_exception());
            } catch (...) {
                this->outcome_.set_error(std::current_exception());
            }
        }
        call_.reset();
        own.reset();
        complete_task(*this);
    }

    // A cancel before the start is seen by run(); afterwards the call cannot be interrupted.
    static void schedule(task_header&) noexcept {}
    static void destroy(task_header& task) noexcept {
        auto& self = static_cast<blocking_task&>(static_cast<task_cell<output>&>(static_cast<task_core&>(task)));
        sched::report_lost_error(self, self.outcome_);
        delete &self;
    }
    static constexpr operations kind{nullptr, &schedule, &destroy, nullptr};

    std::unique_ptr<Call> call_;
    std::unique_ptr<local_store> inherited_;
    std::uint32_t runtime_serial_ = 0;
};

/// The pool of a runtime.
[[nodiscard]] sched::blocking_pool& blocking_pool_of(sched::scheduler& of);

}  // namespace detail

/// Calls f(args…), a plain callable, on a thread that may block, and gives the handle of the call. Callable and
/// arguments are decayed and kept until the call is over. It has copies of inherited task_local values, as a task has.
/// Does not suspend.
/// Throws: std::logic_error outside of a runtime's task and when the runtime is ending; std::system_error when there is
/// no thread and none can be had; std::bad_alloc; what copies of arguments and inherited values throw.
/// Cancellation: of a wait for the handle, it stops nothing: the call runs to its end, also when it had not begun.
/// Before it begins, join_handle::cancel(), its cancel_handle, timeout of the handle, or an inherited deadline that has
/// come keep it from running; once it has begun, nothing ends it.
/// Allocates: two blocks with new, and what a further thread takes.
/// Blocks: for the start of a thread, where no idle one is left and there are fewer than max_blocking_threads.
template <class F, class... Args>
join_handle<call_output<F, Args...>> spawn_blocking(F&& f, Args&&... args) {
    static_assert(!future<std::invoke_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>&&...>>,
                  "spawn_blocking calls plain functions; give coroutines and futures to spawn");
    sched::scheduler& here =
        detail::current_scheduler("spawn_blocking", "call it inside of run() or of a spawned task");
    return detail::blocking_task<bound_call_for<F, Args...>>::start(here, detail::blocking_pool_of(here),
                                                                    std::forward<F>(f), std::forward<Args>(args)...);
}
/// What is left is a mistake: says which.
template <class F, class... Args>
    requires(!std::is_invocable_v<std::decay_t<F>&, std::unwrap_ref_decay_t<Args> && ...>)
void spawn_blocking(F&&, Args&&...) {
    static_assert(std::is_invocable_v<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>&&...>,
                  "spawn_blocking takes a callable and arguments that it can be called with; arguments are copied, so "
                  "pass std::ref(x) to a parameter that is a reference");
}

}  // namespace bifilar
