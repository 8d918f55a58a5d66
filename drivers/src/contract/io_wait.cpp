// One operation's way through the driver, as its future sees it.
#include <bifilar/drivers/contract/detail/io_wait.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <mutex>
#include <utility>

namespace bifilar::drivers {

// What needs no wait makes none: a plain thread's descriptors may be used up. A pooled buffer is the driver's.
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
    cx.set_armed();
    return op_.at_rest();
}

std::optional<int> io_wait::finished() const noexcept {
    if (op_.settle() != op::phase::completed || op_.result == op::worth_a_try) return std::nullopt;
    return op_.result;
}

void io_wait::end() noexcept {
    if (op_.now() == op::phase::idle) return;
    if (op_.settle() == op::phase::in_flight) {
        count_destroyed_in_flight();
        ask_cancel();
    }
    if (!op_.at_rest()) op_.on->finish(op_);
}

}  // namespace bifilar::drivers
