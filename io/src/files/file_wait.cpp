// One file call's way through ring or pool, as its future sees it.
#include <bifilar/io/files/detail/file_wait.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/sched/detail/blocking_pool.hpp>
#include <bifilar/sched/detail/environment.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <cerrno>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

namespace bifilar::detail {

file_wait::file_wait(file_wait&& other) noexcept
    : request_{other.request_}, op_{std::move(other.op_)}, on_{other.on_} {}

drivers::call_result file_wait::poll(context& cx) {
    switch (op_.settle()) {
        case drivers::op::phase::completed: {
            // Of a thread that could not be had (see uring_driver.cpp) the kernel makes a cancel that nobody asked for.
            const bool never_begun = op_.result == -ECANCELED && !op_.cancel_asked();
            leave();
            op_.rewind();
            // A ring's thread was interrupted, or did not want to wait; a thread of ours waits as long as it takes.
            if (pool_ == nullptr && (never_begun || op_.result == -EAGAIN || op_.result == -EINTR)) {
                // Linux has closed the descriptor by then, if it has begun.
                if (request_.kind == file_op::close && !never_begun) return 0;
                return start(cx, false);
            }
            return op_.result;
        }
        case drivers::op::phase::in_flight:
            BIFILAR_CHECK(cx.borrow() == op_.waits(),
                          "a file's future was polled by another task than the one that started it");
            return std::nullopt;
        case drivers::op::phase::completing:
        case drivers::op::phase::idle:
            break;
    }
    if (!cx.take_budget()) return std::nullopt;
    if (drivers::driver* const here = drivers::installed_driver())
        if (const int no = here->admit_file(request_); no != 0) return no;
    const int result = drivers::try_cached(request_);
    if (result != -EAGAIN) return result;
    return start(cx, true);
}

drivers::call_result file_wait::start(context& cx, bool with_ring) noexcept {
    const sched::worker* const here = this_thread().worker;
    // A plain thread has nothing else to run, so it may block in the call.
    if (here == nullptr) return drivers::make_call(request_);
    op_.arguments = drivers::call_arguments::of_request(request_);
    pool_ = nullptr;
    if (on_ != nullptr) on_->enter();
    entered_ = on_ != nullptr;
    if (with_ring && drivers::this_driver().submit_file(op_, cx.borrow())) return std::nullopt;
    if (sched::blocking_pool* const pool = here->owner().parts().pool()) {
        pool_ = pool;
        op_.begin(cx.borrow());
        try {
            pool->submit(*this);
            return std::nullopt;
        } catch (const std::exception&) {  // No thread can be had: better late than never.
            run();
            (void)op_.settle();
            op_.rewind();
            leave();
            return op_.result;
        }
    }
    leave();
    return drivers::make_call(request_);
}

// On the pool's thread. After complete this object may be gone.
void file_wait::run() noexcept {
    wake_batch batch;
    op_.complete(drivers::make_call(request_), batch);
}

void file_wait::leave() noexcept {
    if (std::exchange(entered_, false)) on_->leave();
}

void file_wait::ask_cancel() noexcept {
    if (!op_.ask_cancel()) return;
    if (pool_ == nullptr) return op_.on->cancel(op_);
    // A call that runs goes on to its end. One that was taken out of the queue runs no more, and ends here.
    if (!pool_->withdraw(*this)) return;
    wake_batch batch;
    op_.complete(-ECANCELED, batch);
}

bool file_wait::poll_cancel(context& cx) noexcept {
    if (idle()) return true;
    ask_cancel();
    cx.set_armed();
    if (!op_.at_rest()) return false;
    leave();
    return true;
}

std::optional<int> file_wait::finished() const noexcept {
    if (op_.settle() != drivers::op::phase::completed) return std::nullopt;
    return op_.result;
}

void file_wait::end() noexcept {
    if (idle()) return;
    if (op_.settle() == drivers::op::phase::in_flight) {
        drivers::count_destroyed_in_flight();
        ask_cancel();
    }
    // A ring has to be looked at for this; the blocking pool needs nobody.
    if (!op_.at_rest() && pool_ == nullptr) op_.on->finish(op_);
    // A thread of the pool is in the call, for as long as a disk takes.
    const bool is_simulated = base::baton::here() != nullptr;
    for (int turns = 0; !op_.at_rest(); ++turns)
        turns < 64 || is_simulated ? base::let_others_run()
                                   : std::this_thread::sleep_for(std::chrono::microseconds{50});
    leave();
}

}  // namespace bifilar::detail
