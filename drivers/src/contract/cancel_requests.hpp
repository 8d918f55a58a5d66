// Cancels that other threads ask of a driver which belongs to one thread: a lock-free list through the operations.
#pragma once

#include <bifilar/drivers/contract/detail/multishot_op.hpp>

namespace bifilar::drivers {

class cancel_requests {
public:
    /// Any thread, once per operation; another than the owner then unparks the owner.
    void add(op& which) noexcept {
        which.request_cancel();
        link(which);
    }

    /// The owner: calls cancel(op&) for those that are still in flight, and lets go of all but those for which it says
    /// false, which stay for the next time.
    template <class Cancel>
    void take(Cancel cancel) noexcept {
        // Relaxed: a first look; pairs with add in the exchange.
        if (first_.load(base::relaxed) == nullptr) return;
        op* at = first_.exchange(nullptr, base::acquire);
        wake_batch batch;
        while (at != nullptr) {
            // The asker waits until its request was seen, so the operation is alive until then.
            op* const next = at->next_request;
            if (at->now() == op::phase::in_flight && !cancel(*at)) [[unlikely]] {
                link(*at);
                at = next;
                continue;
            }
            is_multishot(at->kind) ? static_cast<multishot_op*>(at)->disarm_seen() : at->request_seen(batch);
            at = next;
        }
    }

private:
    void link(op& which) noexcept {
        // Relaxed: a guess for the exchange.
        op* top = first_.load(base::relaxed);
        do which.next_request = top;
        // Pairs with take; so that the link is visible.
        while (!first_.compare_exchange_weak(top, &which, base::release, base::relaxed));
    }

    // The newest request. Pushed by any thread, taken by the owner.
    base::atomic<op*> first_{nullptr};
};

/// Waits for an operation in another thread's driver, which brings it to rest when that thread comes there. Meanwhile
/// that thread may wait in the same way for an operation in this thread's driver.
void finish_elsewhere(const op& which) noexcept;

}  // namespace bifilar::drivers
