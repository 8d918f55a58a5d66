// The sleeping side of block_on, in this room because it asks the clock of timers.
// A thread sleeps on its gate, or in its parker when it has one, so that kernel events end the same sleep; or it works
// for the runtime that has it for its worker, until its own wake comes.
#include <bifilar/future/block_on.hpp>

#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <bifilar/time/now.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace bifilar::detail {

// What wakers refer to, in place of a task. By their references it may outlive the wait, and the thread.
class blocked_thread::cell : public task_header {
public:
    cell() noexcept : task_header{kind, 0} {}

    void sleep() noexcept {
        thread_state& here = this_thread();
        parker* const place = place_of(here);
        // A loop, because timers and the kernel end sleeps as well as wakes do.
        while (!woken(place)) {
            const base::instant_ns deadline = park_deadline(here);
            if (place != nullptr)
                place->park(deadline);
            else if (deadline == base::never)
                gate_.wait();
            else
                (void)gate_.wait_for(std::max<base::instant_ns>(deadline - base::now_ns(), 0));
            fire_timers(here);
        }
    }

    /// What a thread that takes turns with itself owes to others: its timers and its driver.
    static void serve() noexcept {
        thread_state& here = this_thread();
        if (parker* const place = place_of(here)) place->poll();
        fire_timers(here);
    }

private:
    static parker* place_of(const thread_state& here) noexcept {
        // Not in what a worker runs between two tasks, which may wait for others' tasks alone.
        return here.works_in != nullptr && here.worker == nullptr ? here.works_in : here.sleeps_in;
    }

    // Until when the kernel may let the thread sleep. It knows real time alone; simulated time unparks its workers.
    static base::instant_ns park_deadline(const thread_state& here) noexcept {
        if (here.timers == nullptr) return base::never;
        const base::instant_ns next = here.timers->next_deadline();
        if (here.clock == nullptr) [[likely]]
            return next;
        return next <= here.clock->now_ns() ? 0 : base::never;
    }

    static void fire_timers(thread_state& here) noexcept {
        if (here.timers == nullptr) return;
        const base::instant_ns now = detail::timer_now_ns();
        if (here.timers->next_deadline() <= now) here.timers->fire(now);
    }

    // Whether a wake came; consumes it, and says where the thread will sleep if none did. A parker may be gone when
    // the thread is, so it is named only while the thread sleeps.
    bool woken(parker* place) noexcept {
        const std::lock_guard guard{lock_};
        parker_ = wake_ ? nullptr : place;
        return std::exchange(wake_, false);
    }

    static void schedule(task_header& task) noexcept {
        auto& self = static_cast<cell&>(task);
        // A reference, because the thread may go on, and end, as soon as the lock is free.
        self.state_.add_reference();
        {
            const std::lock_guard guard{self.lock_};
            self.wake_ = true;
            if (self.parker_ != nullptr)
                self.parker_->unpark();
            else
                self.gate_.open();
        }
        if (self.state_.drop_reference()) destroy(self);
    }
    static void destroy(task_header& task) noexcept { delete static_cast<cell*>(&task); }

    static constexpr operations kind{nullptr, &schedule, &destroy, nullptr};

    base::thread_gate gate_;
    base::spin_lock lock_;      // Guards what follows. Held for an unpark at most.
    bool wake_ = false;         // Woken and not yet noticed.
    parker* parker_ = nullptr;  // Where the thread sleeps; null: on the gate.
};

namespace {

void drop(task_header& cell) noexcept {
    if (cell.state_.drop_reference()) cell.kind_->destroy(cell);
}

// Frees the thread's spare cell when the thread ends.
struct spare_keeper {
    spare_keeper() noexcept = default;
    spare_keeper(const spare_keeper&) = delete;
    spare_keeper& operator=(const spare_keeper&) = delete;
    ~spare_keeper() {
        thread_state& here = this_thread();
        here.ends = true;
        if (task_header* const spare = std::exchange(here.spare_waiter, nullptr)) drop(*spare);
    }
    void touch() noexcept {}
};

}  // namespace

blocked_thread::blocked_thread() {
    if (running_task() != nullptr)
        throw std::logic_error{
            "block_on() or join() inside a task would block its worker; use co_await in a coroutine, bifilar::await in "
            "a fiber"};
    // One cell a thread is enough, because block_on does not nest in practice; a nested one makes its own.
    cell_ = static_cast<cell*>(std::exchange(this_thread().spare_waiter, nullptr));
    if (cell_ == nullptr) cell_ = new cell;
}

blocked_thread::~blocked_thread() {
    thread_state& here = this_thread();
    // The thread may not come back to its driver for long: what goes on there without a task ends now.
    if (here.sleeps_in != nullptr && here.works_in == nullptr) here.sleeps_in->leave();
    if (here.ends || here.spare_waiter != nullptr) {
        drop(*cell_);
        return;
    }
    thread_local spare_keeper keeper;
    keeper.touch();
    here.spare_waiter = cell_;
}

task_header& blocked_thread::header() noexcept { return *cell_; }

void blocked_thread::wait(const context& cx) noexcept {
    BIFILAR_CHECK(cx.armed(), "a future answered not ready without having stored a waker");
    if (cx.yielding()) {
        base::let_others_run();
        cell::serve();
        return;
    }
    if (cell_->state_.end_pending() == park_result::again) {
        // Woken during its own poll: driver and timers get a turn, or a future that wakes itself would starve them.
        cell::serve();
        return;
    }
    cell_->sleep();
    // The poll that follows sees what any wake until now was for.
    (void)cell_->state_.begin_run();
}

}  // namespace bifilar::detail
