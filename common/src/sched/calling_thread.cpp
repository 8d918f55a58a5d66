// A worker's loop inside a wait of the thread that lends itself.
#include <bifilar/sched/detail/calling_thread.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/exception_globals.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <stdexcept>
#include <utility>

namespace bifilar::sched {

calling_thread::calling_thread(worker& one) : one_{one}, slept_in_{detail::this_thread().sleeps_in} {
    detail::thread_state& here = detail::this_thread();
    if (here.worker != nullptr)
        throw std::logic_error{"a runtime on the calling thread was made in a task; make it on a plain thread"};
    if (here.works_in != nullptr)
        throw std::logic_error{"this thread works for another runtime; end that first, or give one of them threads"};
    try {
        one_.begin_here();
    } catch (...) {
        here.worker = nullptr;
        throw;
    }
    // Between its waits the thread is a plain one, which sleeps in the worker's driver.
    here.worker = nullptr;
    here.sleeps_in = one_.parker_.get();
    here.works_in = this;
}

calling_thread::~calling_thread() {
    detail::thread_state& here = detail::this_thread();
    here.worker = &one_;
    one_.end_here();
    here.worker = nullptr;
    // The thread's own driver goes before static objects do.
    here.sleeps_in = here.ends ? nullptr : slept_in_;
    here.works_in = nullptr;
}

void calling_thread::work(base::instant_ns deadline, std::uint32_t events_first) noexcept {
    detail::thread_state& here = detail::this_thread();
    // Futures that tasks poll here belong to the worker's timers, and not to the thread's.
    detail::timer_source* const own = std::exchange(here.timers, &one_.timers_);
    here.worker = &one_;
    one_.ending_ = 0;
    if (events_first != 0) one_.parker_->poll_some(events_first);
    one_.lent_until_ns_ = deadline;
    {
        // A destructor or a handler may wait here; tasks have no part in its exception.
        const base::exceptions_aside own_exceptions;
        one_.loop();
    }
    // A task may have forked, and this be the child's copy of the wait.
    BIFILAR_CHECK(one_.owner().is_ours(), base::used_in_forked_child);
    one_.ending_ = 0;
    one_.parker_->poll_some(1);  // What tasks have begun does not wait until this thread waits again.
    here.worker = nullptr;
    here.timers = own;
    // A call that comes from here on is not lost: whoever makes it has told before what for, and that is looked at now.
    one_.called_back_.store(false, base::relaxed);
}

void calling_thread::park(base::instant_ns deadline) noexcept { work(deadline, 0); }

void calling_thread::poll_some(std::uint32_t most) noexcept { work(0, most); }

void calling_thread::drain(base::instant_ns deadline) noexcept {
    drains_ = true;
    while (one_.owner().live() != 0 && base::now_ns() < deadline) work(deadline, 0);
    drains_ = false;
}

void calling_thread::unpark() noexcept {
    // Relaxed: the parker orders it before the end of a sleep, and a loop that is awake sees it soon.
    one_.called_back_.store(true, base::relaxed);
    one_.unpark();
}

void calling_thread::stop_after_fork() noexcept { detail::this_thread().works_in = nullptr; }

}  // namespace bifilar::sched
