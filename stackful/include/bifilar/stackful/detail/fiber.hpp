// A fiber as the scheduler and `await` see it, without its types: its context, its stack, where it must run.
// It lives at the top of its own stack. Built on switch.hpp and the worker's queues.
#pragma once

#include <bifilar/stackful/detail/target.hpp>

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/stackful/detail/awaited.hpp>
#include <bifilar/stackful/detail/stack.hpp>
#include <bifilar/stackful/detail/switch.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <bifilar/task/detail/thread_state.hpp>

namespace bifilar::sched {
class scheduler;
class worker;
}  // namespace bifilar::sched

namespace bifilar::stackful {

class fiber_home;

/// What a fiber waits on that only lets others run.
extern const awaited yielding;

class fiber {
public:
    fiber(detail::task_core& task, fiber_home& home, stack_view stack, bool migratable) noexcept
        : migratable_{migratable}, task_{&task}, stacks_{&home}, stack_{stack} {}
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;

    /// The fiber that runs on this thread, or null.
    [[nodiscard]] static fiber* current() noexcept { return static_cast<fiber*>(detail::this_thread().fiber); }

    /// What the present poll may use. Inside the fiber; changes with every suspension.
    [[nodiscard]] context& poll_context() noexcept { return *context_; }

    /// While it lives the fiber polls a future: it may not wait there, for the poll's context would be gone when it
    /// comes back. Inside the fiber.
    class poll_scope {
    public:
        explicit poll_scope(fiber& of) noexcept : of_{&of} { of.polls_ = true; }
        poll_scope(const poll_scope&) = delete;
        poll_scope& operator=(const poll_scope&) = delete;
        ~poll_scope() { of_->polls_ = false; }

    private:
        fiber* of_;
    };
    [[nodiscard]] bool polls() const noexcept { return polls_; }

    /// Leaves for the worker until the task is run again. Inside the fiber.
    void suspend() noexcept { switch_.suspend(); }

    /// Whether a wait that is not ready is to unwind this fiber, which was cancelled; false while the wait belongs to a
    /// destructor or a handler on the way out. Tells of a cancellation that was swallowed. Inside the fiber; cold.
    [[nodiscard]] bool unwinds() noexcept;
    /// The body has ended; what is still destroyed may wait in spite of cancellation. Inside the fiber.
    void end_body() noexcept { body_over_ = true; }
    /// Throws `cancelled`; lets others run first when that was swallowed before. Inside the fiber, in no poll.
    [[noreturn]] void unwind();
    /// Whether a copy lives of what unwind() has thrown: in flight, handled, or kept. Inside the fiber.
    [[nodiscard]] bool cancellation_lives() const noexcept {
        // Relaxed: a copy that another thread is just destroying may be seen either way.
        return copies_.load(base::relaxed) != 0;
    }

    /// What the next suspension is for: stays where it is until the fiber goes on. Before each suspension but one that
    /// yields; inside the fiber.
    void wait_on(const awaited& what) noexcept { waits_on_ = &what; }
    /// Tells its model, what the fiber waits on, where, and with which registers it will go on; nothing but the first
    /// before it has begun, and no registers of the fiber that asks itself.
    void describe(task_visitor& to) const noexcept;

    /// Null without a name. For signal handlers too.
    [[nodiscard]] const detail::task_label* label() const noexcept { return label_; }
    void set_label(const detail::task_label* label) noexcept { label_ = label; }

    [[nodiscard]] stack_view stack() const noexcept { return stack_; }
    [[nodiscard]] detail::task_core& task() noexcept { return *task_; }

    /// Runs the fiber's task until it waits, yields or ends; one that is cancelled before it has begun ends by
    /// `abandon(task)`, which destroys the body. Worker only.
    /// One function for fibers of all types, so that they all leave from and come back to the same two instructions:
    /// with a copy for each type a yield took 27 ns in place of 16 on an AMD EPYC, in every second process, depending
    /// on where the program had been loaded; the jumps, it seems, were predicted wrongly.
    [[nodiscard]] detail::run_result run(detail::task_header& task, context& cx,
                                         void (*abandon)(detail::task_header&) noexcept) noexcept;

    /// Queues this fiber's task, which is claimed, where it may run: anywhere before it has begun, on its worker
    /// afterwards. Any thread.
    void schedule(detail::task_header& task) noexcept;
    /// The same behind all others of the worker that ran it.
    void requeue(detail::task_header& task, sched::worker& here) noexcept;

    /// Where fibers of that runtime get their stacks; null for a scheduler that was made without.
    [[nodiscard]] static fiber_home* home_of(const sched::scheduler& runs) noexcept;
    /// fiber_home::take, for a fiber that this thread spawns.
    [[nodiscard]] static stack_view take_stack(fiber_home& home, std::size_t bytes);
    /// Gives the stack back, and with it this object. Any thread.
    static void release(fiber_home& home, stack_view stack) noexcept;
    [[nodiscard]] fiber_home& stacks() const noexcept { return *stacks_; }

    /// Sets up the switch: `entry(argument)` will run below `top`.
    void prepare(std::byte* top, void (*entry)(void*) noexcept, void* argument) noexcept {
        switch_.prepare(top, static_cast<std::size_t>(top - stack_.low), entry, argument);
    }

private:
    [[nodiscard]] bool resume(context& cx) noexcept;
    [[nodiscard]] bool requeue_here(detail::task_header& task) noexcept;
    void tell_swallowed() noexcept;

    // From here to the switch's first members: what each run touches, together, behind the task's header. With an
    // outcome of two words these are two lines.
    context* context_ = nullptr;         // The worker's, for the present run.
    sched::worker* stays_on_ = nullptr;  // Set by the first run, unless migratable. Read by wakers that claimed.
    const awaited* waits_on_ = nullptr;  // In the frame that waits. Valid while the task is parked.
    bool started_ = false;
    bool polls_ = false;  // A future of this fiber is being polled. Inside the fiber.
    const bool migratable_;
    bool body_over_ = false;  // See end_body. Inside the fiber.
    // How many copies live of what unwind() has thrown. Changed by whoever copies and destroys them, on any thread;
    // read inside the fiber.
    base::atomic<std::uint32_t> copies_{0};
    fiber_context switch_;
    detail::task_core* task_;
    fiber_home* stacks_;
    stack_view stack_;
    const detail::task_label* label_ = nullptr;
    std::uint32_t sent_ = 0;        // How often unwind() has thrown. Inside the fiber, like the next.
    std::uint32_t kept_waits_ = 0;  // Waits that went on while a copy lived.
};

}  // namespace bifilar::stackful
