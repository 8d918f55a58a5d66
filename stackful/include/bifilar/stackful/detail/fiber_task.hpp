// A spawned fiber: [stack ... | task: header, joiner, outcome, switch, callable], top last.
// One stack from the pool holds all of it; nothing else is allocated. Above it the pool keeps the task's address.
#pragma once

#include <bifilar/future/join_handle.hpp>
#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/sched/detail/lost_error.hpp>
#include <bifilar/sched/detail/start.hpp>
#include <bifilar/stackful/detail/fiber.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace bifilar::stackful {

struct fiber_options {
    std::size_t stack_bytes = 0;  ///< 0: the runtime's default.
    sched::start_options how = {};
    bool migratable = false;  ///< May continue on another worker after a suspension.
};

/// `Body` is called once with no arguments, on the fiber; what it returns is the outcome.
template <class T, class Body>
class fiber_task : public detail::task_cell<T>, public fiber {
public:
    /// Takes a stack, builds the task on it and starts it on `on`. Throws as fiber_home::take and scheduler::start.
    template <class... Given>
    static join_handle<T> start(sched::scheduler& on, fiber_home& home, const fiber_options& options,
                                Given&&... given) {
        const stack_view stack = take_stack(home, options.stack_bytes);
        fiber_task* made = nullptr;
        try {
            made = new (place_in(stack)) fiber_task{home, stack, options.migratable, std::forward<Given>(given)...};
            made->set_label(label_task(*made, options.how.label));
            sched::start(on, *made, sched::task_place{task_on(stack)}, options.how);
        } catch (...) {
            if (made != nullptr) {
                std::destroy_at(&made->body_);
                made->~fiber_task();
            }
            fiber::release(home, stack);
            throw;
        }
        return join_handle<T>{*made};
    }

private:
    template <class... Given>
    fiber_task(fiber_home& home, stack_view stack, bool migratable, Given&&... given)
        : detail::task_cell<T>{kind, 1}, fiber{*this, home, stack, migratable} {
        ::new (static_cast<void*>(&body_)) Body(std::forward<Given>(given)...);
        prepare(reinterpret_cast<std::byte*>(this), &enter, this);
    }
    ~fiber_task() {}

    static void* place_in(stack_view stack) {
        constexpr std::size_t alignment = alignof(fiber_task) > 64 ? alignof(fiber_task) : 64;
        const auto top = reinterpret_cast<std::uintptr_t>(stack.top);
        if (stack.size() < sizeof(fiber_task) + (alignment - 64) + smallest_stack_bytes / 2)
            throw std::invalid_argument{"a fiber's callable and arguments do not fit its stack; raise stack_bytes"};
        return reinterpret_cast<void*>((top - sizeof(fiber_task)) & ~(alignment - 1));
    }

    static fiber_task& of(detail::task_header& task) noexcept {
        return static_cast<fiber_task&>(static_cast<detail::task_cell<T>&>(static_cast<detail::task_core&>(task)));
    }

    // Runs on the fiber's stack, from its first resume to its end.
    static void enter(void* argument) noexcept {
        auto& self = *static_cast<fiber_task*>(argument);
        try {
            if constexpr (std::is_void_v<T>) {
                self.body_();
                self.outcome_.set_value();
            } else {
                self.outcome_.set_value(self.body_());
            }
        } catch (const cancelled&) {
            self.outcome_.set_cancelled();
        } catch (...) {
            if (bifilar::detail::ends_as_cancelled())
                self.outcome_.set_cancelled();
            else
                self.outcome_.set_error(std::current_exception());
        }
        self.end_body();
        std::destroy_at(&self.body_);
    }

    static detail::run_result run(detail::task_header& task, context& cx) noexcept {
        return of(task).fiber::run(task, cx, &abandon);
    }

    // Cancelled before it has begun.
    static void abandon(detail::task_header& task) noexcept {
        fiber_task& self = of(task);
        self.outcome_.set_cancelled();
        std::destroy_at(&self.body_);
    }

    static void schedule(detail::task_header& task) noexcept { of(task).fiber::schedule(task); }
    static void requeue(detail::task_header& task, sched::worker& here) noexcept {
        of(task).fiber::requeue(task, here);
    }
    static void describe(const detail::task_header& task, task_visitor& to) noexcept {
        static_cast<const fiber_task&>(static_cast<const detail::task_core&>(task)).fiber::describe(to);
    }
    static void destroy(detail::task_header& task) noexcept {
        fiber_task& self = of(task);
        sched::report_lost_error(self, self.outcome_);
        fiber_home& home = self.stacks();
        const stack_view stack = self.stack();
        self.~fiber_task();
        fiber::release(home, stack);
    }

    static constexpr detail::operations kind{&run, &schedule, &destroy, &requeue, &describe};

    union {
        Body body_;
    };
};

}  // namespace bifilar::stackful
