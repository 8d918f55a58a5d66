// The smallest futures: ready at once, never ready, ready after one call.
#pragma once

#include <bifilar/future/future.hpp>
#include <type_traits>
#include <utility>

namespace bifilar {

template <class T>
class [[nodiscard]] ready_future {
public:
    using output = T;
    explicit ready_future(T value) : value_{std::move(value)} {}
    /// Ready.
    polled<T> poll(context&) noexcept(std::is_nothrow_move_constructible_v<T>) { return std::move(value_); }

private:
    T value_;
};

/// Ready at once, without a value.
template <>
class [[nodiscard]] ready_future<void> {
public:
    using output = void;
    ready_future() noexcept {}
    /// Ready.
    polled<void> poll(context&) noexcept { return done; }
};

/// A future of `value`, ready at its first poll.
template <class T>
ready_future<std::decay_t<T>> ready(T&& value) {
    return ready_future<std::decay_t<T>>{std::forward<T>(value)};
}
inline ready_future<void> ready() noexcept { return ready_future<void>{}; }

/// Never ready: its task sleeps until it is cancelled.
template <class T>
class [[nodiscard]] pending_future {
public:
    using output = T;
    pending_future() noexcept {}
    polled<T> poll(context& cx) noexcept {
        cx.set_armed();
        return not_ready;
    }
};

template <class T = void>
pending_future<T> pending() noexcept {
    return pending_future<T>{};
}

/// Calls its function at the first poll and is ready with what it returned.
/// Throws: what the function throws.
template <class F>
class [[nodiscard]] lazy_future {
public:
    using output = std::invoke_result_t<F&>;
    explicit lazy_future(F function) : function_{std::move(function)} {}
    /// Calls the function.
    polled<output> poll(context&) noexcept(std::is_nothrow_invocable_v<F&>) {
        if constexpr (std::is_void_v<output>) {
            function_();
            return done;
        } else {
            return function_();
        }
    }

private:
    F function_;
};

template <class F>
lazy_future<std::decay_t<F>> lazy(F&& function) {
    return lazy_future<std::decay_t<F>>{std::forward<F>(function)};
}

}  // namespace bifilar
