// Which way to wait, and what becomes of a wait that is given up.
#include <bifilar/drivers/contract/detail/multishot_wait.hpp>

#include <bifilar/drivers/contract/detail/driver.hpp>

#include <cerrno>
#include <fcntl.h>
#include <new>

namespace bifilar::drivers {

void multishot_source::set_blocking(bool blocks) noexcept {
    // A stream blocks in the kernel's eyes anyway, for its calls say MSG_DONTWAIT themselves.
    if (what_ != what::connections || blocks == blocks_) return;
    const int flags = ::fcntl(source_->descriptor(), F_GETFL);
    ::fcntl(source_->descriptor(), F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
    blocks_ = blocks;
}

[[gnu::always_inline]] inline call_result multishot_wait::begin_plain(context& cx) {
    of_->set_blocking(false);
    plain_.emplace(of_->plain_kind(), *of_->source_);
    plain_->set(call_arguments::of_target(got_, received_bytes::most));
    return plain_->poll(cx);
}

// What is not waited for by the plain way, which poll goes on with.
call_result multishot_wait::begin(context& cx) {
    polled_ = true;
    // What an earlier wait left behind came first.
    if (of_->spare_connection_) return of_->spare_connection_.release();
    if (of_->spare_) [[unlikely]] {
        got_ = std::move(of_->spare_->bytes);
        return std::exchange(of_->spare_, std::nullopt)->result;
    }
    if (!of_->many_ && !of_->plain_) {
        of_->plain_ = !this_driver().has_many();
        if (!of_->plain_) {
            of_->many_.reset(new (std::nothrow) multishot_op{of_->many_kind(), of_->source_->share()});
            if (!of_->many_) return -ENOMEM;
        }
    }
    if (!of_->many_) return begin_plain(cx);
    of_->set_blocking(true);
    const call_result next = of_->many_->poll(cx, this, got_);
    if (!next) return std::nullopt;
    // Linux before 5.19 or 6.0.
    if (*next == -EINVAL) {
        of_->plain_ = true;
        // For good: it was not armed, and this kernel will not learn it.
        of_->many_.reset();
        return begin_plain(cx);
    }
    // Another runtime's driver, no buffer left for what has come, or a descriptor that another process has made
    // non-blocking: once in the plain way.
    if (*next == -EOPNOTSUPP || *next == -ENOBUFS || *next == -EAGAIN) return begin_plain(cx);
    return next;
}

polled<void> multishot_wait::poll_rest(context& cx) noexcept {
    if (!plain_) return done;
    return plain_->poll_rest(cx);
}

void multishot_wait::give_up() noexcept {
    if (of_->many_) of_->many_->forget(this);
    if (!plain_) return;
    // Given up does not mean in vain: the call may have succeeded before its cancel, and the next wait gets that.
    plain_->end();
    const std::optional<int> left = plain_->finished();
    if (!left || *left == -ECANCELED) return;
    if (*left >= 0 && of_->what_ == multishot_source::what::connections)
        of_->spare_connection_ = owned_descriptor{*left};
    else
        of_->spare_.emplace(*left, std::move(got_));
}

}  // namespace bifilar::drivers
