// Operations of a ring that complete many times: how they begin, pause and end.
#include "uring_driver.hpp"

#include <utility>

namespace bifilar::drivers {

bool uring_driver::arm(multishot_op& which) noexcept {
    which.on = this;
    if (!prepare(which)) [[unlikely]]
        return false;
    // Not before it has its entry: what is in flight could not be refused any more. Nobody is noted to be woken,
    // because multishot_op::add does that.
    which.begin({});
    armed_.push_back(which);
    return true;
}

void uring_driver::disarm(multishot_op& which) noexcept {
    // This cancel has a hold on the operation, which disarm_seen gives back once the cancel has begun. From then on the
    // driver's own hold keeps the operation, up to its last completion.
    if (::pthread_equal(owner_, ::pthread_self()) == 0) {
        requests_.add(which);
        return unpark();
    }
    if (which.now() == op::phase::in_flight && !prepare_cancel(which)) [[unlikely]]
        return requests_.add(which);
    which.disarm_seen();
}

void uring_driver::end_multishot(multishot_op& which, const io_uring_cqe& cqe, wake_batch& batch) noexcept {
    const bool more = (cqe.flags & IORING_CQE_F_MORE) != 0;
    // Before add, which may free the operation when no more follow.
    if (!more) armed_.erase(which);
    note(which.kind, cqe.res);
    multishot_result next{cqe.res, {}};
    if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) next.bytes = provided_.chosen(cqe, buffers());
    // It asks for a cancel only where more follow, so the operation is still alive.
    if (which.add(std::move(next), more, batch) && !prepare_cancel(which)) [[unlikely]]
        which.go_on();
}

// False: some are left, see next_entry.
bool uring_driver::cancel_armed() noexcept {
    base::intrusive_list<multishot_op> cancelled;
    bool all_asked = true;
    while (multishot_op* const which = armed_.take_front()) {
        all_asked = all_asked && prepare_cancel(*which);
        cancelled.push_back(*which);
    }
    // They stay in the list, for their last completions take them out (end_multishot).
    armed_.splice(cancelled);
    return all_asked;
}

// The owners of those that complete many times may outlive the ring, which this thread alone may enter.
void uring_driver::leave() noexcept {
    // Cancels that found no entry are asked for again in the next turn; those that did are asked for once.
    for (bool asked = false; !armed_.empty();) {
        take_requests();
        asked = asked || cancel_armed();
        wait(base::never);
        wake_batch batch;
        reap(batch);
    }
    // A cancel that another thread asked for too late has nothing to end, but its hold has to be given back.
    take_requests();
}

}  // namespace bifilar::drivers
