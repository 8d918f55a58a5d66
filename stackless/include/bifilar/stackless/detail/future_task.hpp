// Any future as a task of its own: one block from the frame pool with header, outcome and the future.
// Hand-written state machines, combinators, plain callables and coroutine lambdas run this way.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/future/join_handle.hpp>
#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/lost_error.hpp>
#include <bifilar/sched/detail/start.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <memory>
#include <new>
#include <utility>

namespace bifilar::stackless {

/// A future that has no wait of its own to end beyond its destructor is cancelled by destroying it.
template <future F>
class future_task : public detail::task_cell<output_of<F>> {
    using output = output_of<F>;

public:
    /// Makes the task and starts it on `on`. Allocates one block. Throws std::bad_alloc, what F's constructor
    /// throws, and std::logic_error when the runtime has been shut down.
    template <class... Given>
    static join_handle<output> start(sched::scheduler& on, const sched::start_options& how, Given&&... given) {
        static_assert(alignof(future_task) <= detail::largest_frame_alignment,
                      "a task's body and output are aligned to at most 256 MiB; hold them in a std::unique_ptr");
        void* const block = detail::allocate_frame(sizeof(future_task));
        future_task* made = nullptr;
        try {
            made = new (block) future_task{std::in_place, std::forward<Given>(given)...};
            label_task(*made, how.label);
            sched::start(on, *made, sched::task_place{block}, how);
        } catch (...) {
            if (made != nullptr) {
                std::destroy_at(&made->future_);
                made->~future_task();
            }
            detail::release_frame(block);
            throw;
        }
        return join_handle<output>{*made};
    }

private:
    template <class... Given>
    explicit future_task(std::in_place_t, Given&&... given) : detail::task_cell<output>{kind, 1} {
        ::new (static_cast<void*>(&future_)) F(std::forward<Given>(given)...);
    }
    ~future_task() {}

    static future_task& of(detail::task_header& task) noexcept {
        auto& cell = static_cast<detail::task_cell<output>&>(static_cast<detail::task_core&>(task));
        return static_cast<future_task&>(cell);
    }

    static detail::run_result run(detail::task_header& task, context& cx) noexcept {
        future_task& self = of(task);
        if (!self.advance(cx)) return detail::run_result::pending;
        std::destroy_at(&self.future_);
        detail::unmark_task(&self);
        return detail::run_result::done;
    }

    // True when the outcome is stored.
    bool advance(context& cx) noexcept {
        try {
            if (!cancel_begun_ && (begun_ || !cx.cancelling())) {
                begun_ = true;
                polled<output> answer = future_.poll(cx);
                if (answer) {
                    if constexpr (std::is_void_v<output>)
                        this->outcome_.set_value();
                    else
                        this->outcome_.set_value(answer.take());
                    return true;
                }
                BIFILAR_ASSERT(cx.armed(), "a future answered not ready without having stored a waker");
                if (!cx.cancelling()) return false;
            }
            cancel_begun_ = true;
            if (begun_ && !poll_cancel(future_, cx)) return false;
            this->outcome_.set_cancelled();
        } catch (const cancelled&) {
            this->outcome_.set_cancelled();
        } catch (...) {
            if (detail::ends_as_cancelled())
                this->outcome_.set_cancelled();
            else
                this->outcome_.set_error(std::current_exception());
        }
        return true;
    }

    static void describe(const detail::task_header& task, task_visitor& to) noexcept {
        const auto& self = static_cast<const future_task&>(static_cast<const detail::task_core&>(task));
        std::string_view model = "future";
        if constexpr (requires { F::model; }) model = F::model;
        if (to.visit_model(model) == task_visitor::extent::waits && self.begun_) describe_wait(self.future_, to);
    }
    static void destroy(detail::task_header& task) noexcept {
        future_task& self = of(task);
        sched::report_lost_error(self, self.outcome_);
        self.~future_task();
        detail::release_frame(&self);
    }

    static constexpr detail::operations kind{&run, &sched::schedule, &destroy, nullptr, &describe};

    bool begun_ = false;         // Polled at least once.
    bool cancel_begun_ = false;  // Its poll_cancel was called; poll is not called any more.
    union {
        F future_;
    };
};

}  // namespace bifilar::stackless
