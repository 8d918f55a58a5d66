// A stream's shutdown_write inside another future, whichever of its two forms the stream has.
#pragma once

#include <bifilar/io/streams/byte_stream.hpp>
#include <optional>
#include <utility>

namespace bifilar::detail {

template <half_closing Stream>
class half_close {
public:
    using answer = decltype(std::declval<Stream&>().shutdown_write());
    static constexpr bool is_immediate = std::same_as<answer, io_result<void>>;

    /// Starts it with the first poll. Nobody polls again once it was ready.
    polled<io_result<void>> poll(context& cx, Stream& stream) {
        if constexpr (is_immediate) {
            return stream.shutdown_write();
        } else {
            if (!call_) call_.emplace(stream.shutdown_write());
            return call_->poll(cx);
        }
    }
    polled<void> poll_cancel(context& cx) noexcept {
        if constexpr (!is_immediate)
            if (call_) return bifilar::poll_cancel(*call_, cx);
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if constexpr (!is_immediate)
            if (call_) bifilar::describe_wait(*call_, to);
    }

private:
    class nothing {};
    [[no_unique_address]] std::conditional_t<is_immediate, nothing, std::optional<answer>> call_;
};

}  // namespace bifilar::detail
