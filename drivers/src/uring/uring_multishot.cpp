// Operations of a ring that complete many times: how they begin, pause and end.
#include "uring_driver.hpp"

#include <utility>

namespace bifilar::drivers {

bool uring_driver::arm(multishot_op& which) noexcept {
    which.on = this;
    if (!prepare(which)) [[unlikely]]
        return false;
    which.begin({});
    armed_.push_back(which);
    return true;
}

void uring_driver::disarm(multishot_op& which) noexcept {
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
    if (!more) armed_.erase(which);
    multishot_result next{cqe.res, {}};
    if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) next.bytes = provided_.chosen(cqe, buffers());
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
    armed_.splice(cancelled);
    return all_asked;
}

// The owners of those that complete many times may outlive the ring, which this thread alone may enter.
void uring_driver::leave() noexcept {
    for (bool asked = false; !armed_.empty();) {
        take_requests();
        asked = asked || cancel_armed();
        wait(base::never);
        wake_batch batch;
        reap(batch);
    }
    take_requests();
}

}  // namespace bifilar::drivers
