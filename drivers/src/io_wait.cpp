// One operation's way through the driver, as its future sees it.
#include <bifilar/drivers/io_wait.hpp>

#include <bifilar/base/assert.hpp>
#include <bifilar/drivers/driver.hpp>

#include <utility>

namespace bifilar::drivers {

std::optional<int> io_wait::poll(context& cx) {
    switch (op_.settle()) {
        case op::phase::completed:
            op_.rewind();
            if (op_.result != op::worth_a_try) return op_.result;
            break;
        case op::phase::in_flight:
            BIFILAR_CHECK(cx.borrow() == op_.waits(),
                          "an I/O future was polled by another task than the one that started it");
            return std::nullopt;
        case op::phase::completing:
        case op::phase::idle:
            break;
    }
    if (!cx.take_budget()) return std::nullopt;
    const int result = op_.source->attempt(op_);
    if (!would_wait(result)) return result;
    if (this_driver().submit(op_, cx.borrow())) return std::nullopt;
    return op_.result;
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
