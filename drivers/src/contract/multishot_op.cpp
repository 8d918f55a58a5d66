// The owner's and the driver's sides of operations that complete many times.
#include <bifilar/drivers/contract/detail/multishot_op.hpp>

#include "prefetch_waiter.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <cerrno>
#include <mutex>
#include <new>
#include <unistd.h>
#include <utility>

namespace bifilar::drivers {

multishot_op::multishot_op(op_kind what, source_ptr of) : op{what, *of}, owned_{std::move(of)} {}

multishot_op::~multishot_op() {
    while (!results_.empty()) discard(results_.take());
}

void multishot_op::discard(const multishot_result& left) const noexcept {
    // Bytes give their buffer back by themselves.
    if (!brings_bytes() && left.result >= 0) ::close(left.result);
}

void multishot_op::drop() noexcept {
    if (holders_.drop()) delete this;
}

void multishot_op::closer::operator()(multishot_op* which) const noexcept {
    {
        const std::lock_guard guard{which->owned_->lock};
        which->orphaned_ = true;
        if (which->armed_ && which->on->is_ours()) {
            // Under the lock, so that the driver is there: its end disarms the operation under this lock first.
            which->holders_.add();
            which->on->disarm(*which);
        }
    }
    which->drop();
}

call_result multishot_op::poll(context& cx, const void* wait, received_bytes& into) {
    if (!cx.take_budget()) return std::nullopt;
    const std::lock_guard guard{owned_->lock};
    if (!results_.empty()) {
        multishot_result oldest = results_.take();
        into = std::move(oldest.bytes);
        return oldest.result;
    }
    // Behind the results, which came before the gap.
    if (lost_) return -ENOMEM;
    if (waiter_ && wait_ != wait) return -EBUSY;
    if (armed_) {
        BIFILAR_CHECK(on->is_ours(), base::used_in_forked_child);
    } else {
        if (!this_driver().has_many()) return -EOPNOTSUPP;
        op*& waiting = owned_->waiting[io_source::side_of(kind)];
        if (waiting != nullptr) return -EBUSY;
        // It takes the direction's place for as long as it is armed: a plain read beside it would steal from it.
        waiting = this;
        armed_ = true;
        pausing_ = false;
        holders_.add();
        if (!this_driver().arm(*this)) [[unlikely]] {
            waiting = nullptr;
            armed_ = false;
            (void)holders_.drop();  // The owner holds it.
            return -ENOBUFS;
        }
    }
    // Under the same hold of the lock as the look at the results: a completion comes before both or after both.
    waiter_ = cx.borrow();
    wait_ = wait;
    return std::nullopt;
}

void multishot_op::forget(const void* wait) noexcept {
    const std::lock_guard guard{owned_->lock};
    if (wait_ == wait) waiter_ = {};
}

bool multishot_op::add(multishot_result next, bool more, wake_batch& batch) noexcept {
    bool pause = false;
    {
        const std::lock_guard guard{owned_->lock};
        if (orphaned_) {
            // Nobody will take it.
            discard(next);
        } else if (next.result != -ECANCELED && next.result != -EINTR) {  // The end of a pause is no news.
            try {
                results_.add(std::move(next));
            } catch (const std::bad_alloc&) {
                // A stream must not go on behind a gap; a connection that is closed here leaves none.
                lost_ = brings_bytes();
                discard(next);
            }
            pause = more && !pausing_ && (lost_ || results_.size() >= max_waiting());
            pausing_ = pausing_ || pause;
        }
        if (const waker_ref waits = std::exchange(waiter_, {})) {
            prefetch_waiter(waits, wait_);
            batch.claim(waits);
        }
        if (!more) {
            armed_ = false;
            owned_->waiting[io_source::side_of(kind)] = nullptr;
            complete_unwaited();  // Under the lock: with it gone, the owner may begin anew.
        }
    }
    // Outside of the lock, which lies in the source that goes with the last hold.
    if (!more) drop();
    return pause;
}

void multishot_op::go_on() noexcept {
    const std::lock_guard guard{owned_->lock};
    pausing_ = false;
}

}  // namespace bifilar::drivers
