// A future followed by a function: map gives the function's value, and_then becomes the future that it returns.
#pragma once

#include <bifilar/future/future.hpp>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar {

namespace detail {

/// f(output), or f() after a future without one.
template <class F, class T>
struct then_result {
    using type = std::invoke_result_t<F&, T>;
};
template <class F>
struct then_result<F, void> {
    using type = std::invoke_result_t<F&>;
};

template <class F, class T>
decltype(auto) call_then(F& function, polled<T>& answer) {
    if constexpr (std::is_void_v<T>)
        return std::invoke(function);
    else
        return std::invoke(function, answer.take());
}

}  // namespace detail

template <future F, class G>
class [[nodiscard]] map_future {
public:
    using output = typename detail::then_result<G, output_of<F>>::type;

    map_future(F first, G function) : first_{std::move(first)}, function_{std::move(function)} {}

    polled<output> poll(context& cx) {
        polled<output_of<F>> answer = first_.poll(cx);
        return apply(answer);
    }
    polled<output> poll_arm(context& cx) requires arm_future<F> {
        polled<output_of<F>> answer = first_.poll_arm(cx);
        return apply(answer);
    }
    [[nodiscard]] bool is_promised() const noexcept { return bifilar::is_promised(first_); }
    polled<void> poll_cancel(context& cx) { return bifilar::poll_cancel(first_, cx); }
    void describe_wait(task_visitor& to) const noexcept { bifilar::describe_wait(first_, to); }

private:
    polled<output> apply(polled<output_of<F>>& answer) {
        if (!answer) return not_ready;
        if constexpr (std::is_void_v<output>) {
            detail::call_then(function_, answer);
            return done;
        } else {
            return detail::call_then(function_, answer);
        }
    }

    F first_;
    G function_;
};

/// A future of function(output of f). The function runs in the poll that finds f ready.
/// Throws: what `f` or the function throws.
/// Cancellation: as `f`.
/// Suspends: as `f`.
template <future F, class G>
map_future<F, std::decay_t<G>> map(F f, G&& function) {
    return map_future<F, std::decay_t<G>>{std::move(f), std::forward<G>(function)};
}

template <future F, class G>
class [[nodiscard]] and_then_future {
    using second = typename detail::then_result<G, output_of<F>>::type;

public:
    using output = output_of<second>;

    and_then_future(F first, G function) : first_{std::in_place, std::move(first)}, function_{std::move(function)} {}

    polled<output> poll(context& cx) {
        if (!second_) {
            polled<output_of<F>> answer = first_->poll(cx);
            if (!answer) return not_ready;
            go_on(answer);
        }
        return second_->poll(cx);
    }
    polled<output> poll_arm(context& cx) {
        if (!second_) {
            polled<output_of<F>> answer = bifilar::poll_arm(*first_, cx);
            if (!answer) return not_ready;
            go_on(answer);
        }
        return bifilar::poll_arm(*second_, cx);
    }
    [[nodiscard]] bool is_promised() const noexcept {
        return second_ ? bifilar::is_promised(*second_) : bifilar::is_promised(*first_);
    }
    polled<void> poll_cancel(context& cx) {
        return second_ ? bifilar::poll_cancel(*second_, cx) : bifilar::poll_cancel(*first_, cx);
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (second_) return bifilar::describe_wait(*second_, to);
        if (first_) bifilar::describe_wait(*first_, to);
    }

private:
    void go_on(polled<output_of<F>>& answer) {
        second_.emplace(detail::call_then(function_, answer));
        first_.reset();
    }

    std::optional<F> first_;
    std::optional<second> second_;
    G function_;
};

/// Waits for f, then for the future that function(output of f) returns, which must be movable before its first poll.
/// Throws: what `f`, the function or its future throws.
/// Cancellation: of the future that is under way. As an arm of a race that it loses, `f` may have ended: what it did
/// then stays done.
/// Suspends: as both futures, one after the other.
template <future F, class G>
and_then_future<F, std::decay_t<G>> and_then(F f, G&& function) {
    return and_then_future<F, std::decay_t<G>>{std::move(f), std::forward<G>(function)};
}

}  // namespace bifilar
