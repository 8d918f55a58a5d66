// Which way to wait, and what becomes of a wait that is given up.
#include <bifilar/drivers/many_wait.hpp>

#include <bifilar/drivers/driver.hpp>

#include <cerrno>
#include <fcntl.h>

namespace bifilar::drivers {

void many_source::set_blocking(bool blocks) noexcept {
    if (what_ != what::connections || blocks == blocks_) return;
    const int flags = ::fcntl(source_->descriptor(), F_GETFL);
    ::fcntl(source_->descriptor(), F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
    blocks_ = blocks;
}

std::optional<many_result> many_wait::poll(context& cx) {
    if (plain_) return poll_plain(cx);
    polled_ = true;
    if (of_->spare_connection_) return many_result{of_->spare_connection_.release(), {}};
    if (of_->spare_) return std::exchange(of_->spare_, std::nullopt);
    if (!of_->many_ && !of_->ring_refuses_ && this_driver().has_many())
        of_->many_.reset(new many_op{of_->many_kind(), of_->source_->share()});
    if (!of_->many_) return poll_plain(cx);
    of_->set_blocking(true);
    std::optional<many_result> next = of_->many_->poll(cx, this);
    if (!next) return std::nullopt;
    // Linux before 5.19 or 6.0.
    if (next->result == -EINVAL) {
        of_->ring_refuses_ = true;
        of_->many_.reset();
        return poll_plain(cx);
    }
    // Another runtime's driver, no buffer left for what has come, or a descriptor that another process has made
    // non-blocking: once in the plain way.
    if (next->result == -EOPNOTSUPP || next->result == -ENOBUFS || next->result == -EAGAIN) return poll_plain(cx);
    return next;
}

std::optional<many_result> many_wait::poll_plain(context& cx) {
    if (!plain_) {
        of_->set_blocking(false);
        plain_.emplace(of_->plain_kind(), *of_->source_);
        plain_->set_buffer(&got_, received_bytes::most);
    }
    const call_result result = plain_->poll(cx);
    if (!result) return std::nullopt;
    plain_.reset();
    return many_result{*result, std::move(got_)};
}

polled<void> many_wait::poll_rest(context& cx) noexcept {
    if (!plain_) return done;
    return plain_->poll_rest(cx);
}

void many_wait::give_up() noexcept {
    if (of_->many_ && polled_) of_->many_->forget(this);
    if (!plain_) return;
    plain_->end();
    const std::optional<int> left = plain_->finished();
    if (!left || *left == -ECANCELED) return;
    if (*left >= 0 && of_->what_ == many_source::what::connections)
        of_->spare_connection_ = owned_descriptor{*left};
    else
        of_->spare_.emplace(*left, std::move(got_));
}

}  // namespace bifilar::drivers
