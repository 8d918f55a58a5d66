// A stream's read or write inside another future, from its start until its result was taken. It can be given up at any
// moment without losing its result.
#pragma once

#include <bifilar/io/streams/byte_stream.hpp>
#include <optional>
#include <utility>

namespace bifilar::detail {

template <byte_transfer F>
class in_flight_transfer {
public:
    using output = io_result<std::size_t>;

    in_flight_transfer() noexcept = default;
    /// Not while it runs.
    in_flight_transfer(in_flight_transfer&&) = default;
    in_flight_transfer& operator=(in_flight_transfer&&) = delete;
    ~in_flight_transfer() = default;

    [[nodiscard]] bool runs() const noexcept { return call_.has_value(); }
    void start(F call) { call_.emplace(std::move(call)); }

    polled<output> poll(context& cx) {
        polled<output> answer = call_->poll(cx);
        if (answer) call_.reset();
        return answer;
    }

    /// Ready when end() does not have to wait.
    [[nodiscard]] polled<void> poll_cancel(context& cx) noexcept {
        if (!call_) return done;
        return bifilar::poll_cancel(*call_, cx);
    }

    /// Gives it up. The result that poll has not told; empty when it has none or is not in flight.
    [[nodiscard]] std::optional<output> end() noexcept {
        std::optional<output> late;
        if (!call_) return late;
        if constexpr (accountable_transfer<F>) {
            call_->end();
            late = call_->finished();
        }
        call_.reset();
        return late;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (call_) bifilar::describe_wait(*call_, to);
    }

private:
    std::optional<F> call_;
};

template <class S>
using read_of = decltype(std::declval<S&>().read(std::declval<std::span<std::byte>>()));
template <class S>
using write_of = decltype(std::declval<S&>().write(std::declval<std::span<const std::byte>>()));

}  // namespace bifilar::detail
