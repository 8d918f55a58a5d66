// One operation's way through the driver, as its future sees it.
#include <bifilar/drivers/contract/detail/io_wait.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <mutex>
#include <utility>

namespace bifilar::drivers {

// What succeeds at once needs no driver, for which a plain thread may have no descriptors left. A pooled buffer belongs
// to a driver, so this one needs it anyway.
call_result io_wait::start_without_driver(waker_ref waits) {
    if (op_.kind != op_kind::recv_pooled) {
        const std::lock_guard guard{op_.source->lock};
        const int result = attempt(op_);
        if (!would_wait(result)) return result;
    }
    return this_driver().start(op_, waits);
}

void io_wait::ask_cancel() noexcept {
    BIFILAR_CHECK(op_.on->is_ours(), base::used_in_forked_child);
    if (op_.ask_cancel()) op_.on->cancel(op_);
}

bool io_wait::poll_cancel(context& cx) noexcept {
    if (op_.now() == op::phase::idle) return true;
    ask_cancel();
    // The driver has known whom to wake since the start, so nothing is stored here.
    cx.set_armed();
    return op_.at_rest();
}

std::optional<int> io_wait::finished() const noexcept {
    if (op_.settle() != op::phase::completed || op_.result == op::worth_a_try) return std::nullopt;
    return op_.result;
}

void io_wait::end() noexcept {
    if (op_.now() == op::phase::idle) return;
    // Settled, because the completing thread may be between its two stores, and uses the node until the second.
    if (op_.settle() == op::phase::in_flight) {
        count_destroyed_in_flight();
        ask_cancel();
    }
    // Over or cancelled, it may still be in the driver's list of requests.
    if (!op_.at_rest()) op_.on->finish(op_);
}

}  // namespace bifilar::drivers
