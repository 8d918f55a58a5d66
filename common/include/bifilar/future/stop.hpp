// std::stop_token in and out: a future that a token cancels, and a token that says that a future is being cancelled.
#pragma once

#include <bifilar/future/future.hpp>
#include <expected>
#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace bifilar {

/// A stop was asked for before the future was ready.
class stopped {
public:
    stopped() noexcept {}
    friend bool operator==(stopped, stopped) noexcept { return true; }
};

template <future F>
class [[nodiscard]] stop_when_future {
public:
    using output = std::expected<output_of<F>, stopped>;

    stop_when_future(std::stop_token token, F f) : token_{std::move(token)}, future_{std::move(f)} {}
    /// Before its first poll.
    stop_when_future(stop_when_future&& other) noexcept(std::is_nothrow_move_constructible_v<F>)
        : token_{std::move(other.token_)}, future_{std::move(other.future_)} {
        BIFILAR_CHECK(!other.wakes_, "a future was moved after its first poll");
    }
    stop_when_future& operator=(stop_when_future&&) = delete;

    polled<output> poll(context& cx) {
        if (!stops_) {
            polled<output_of<F>> answer = bifilar::poll_arm(future_, cx);
            if (answer) {
                if constexpr (std::is_void_v<output_of<F>>)
                    return output{};
                else
                    return output{answer.take()};
            }
            if (bifilar::waker mine = cx.waker(); !(task_ == mine)) {
                wakes_.reset();
                task_ = mine;
                wakes_.emplace(token_, wake{std::move(mine)});
            }
            // After the callback is there, so that a stop is seen by one or the other.
            stops_ = token_.stop_requested();
            if (!stops_) return not_ready;
        }
        if (!bifilar::poll_cancel(future_, cx)) return not_ready;
        return output{std::unexpected{stopped{}}};
    }
    [[nodiscard]] bool is_promised() const noexcept { return bifilar::is_promised(future_); }
    polled<void> poll_cancel(context& cx) { return bifilar::poll_cancel(future_, cx); }
    void describe_wait(task_visitor& to) const noexcept { bifilar::describe_wait(future_, to); }

private:
    class wake {
    public:
        explicit wake(waker task) noexcept : task_{std::move(task)} {}
        void operator()() const noexcept { task_.wake(); }

    private:
        waker task_;
    };

    std::stop_token token_;
    F future_;
    bifilar::waker task_;  // Whom the callback wakes.
    std::optional<std::stop_callback<wake>> wakes_;
    bool stops_ = false;
};

/// The output of `f`. `f` is asked first. Allocates nothing of its own.
/// Throws: what `f` throws.
/// Errors: `stopped`, once `f` is at rest after a stop was asked for.
/// Cancellation: brings `f` to rest.
/// Suspends: until `f` is ready, or at rest.
template <future F>
stop_when_future<F> stop_when(std::stop_token token, F f) {
    return stop_when_future<F>{std::move(token), std::move(f)};
}

template <class Make>
class [[nodiscard]] with_stop_token_future {
    using made = std::invoke_result_t<Make&, std::stop_token>;
    static_assert(future<made>, "with_stop_token takes a callable that gets a std::stop_token and returns a future");

public:
    using output = output_of<made>;

    explicit with_stop_token_future(Make make) : make_{std::move(make)} {}

    polled<output> poll(context& cx) {
        if (!made_) made_.emplace(std::invoke(make_, source_.get_token()));
        return made_->poll(cx);
    }
    // The future is told and runs to its end; its output is lost with the task, and so is its exception.
    polled<void> poll_cancel(context& cx) {
        if (!made_) return done;
        source_.request_stop();
        try {
            if (!made_->poll(cx)) return not_ready;
        } catch (...) {
            return done;
        }
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (made_) bifilar::describe_wait(*made_, to);
    }

private:
    Make make_;
    std::stop_source source_;
    std::optional<made> made_;
};

/// The future that make(token) returns. For code that knows std::stop_token.
/// Throws: what `make` or its future throws; std::bad_alloc when it is made.
/// Cancellation: asks for a stop of the token and waits until the future is ready by itself; its output or exception is
/// lost.
/// Suspends: as that future.
/// Allocates: the token's state.
template <class Make>
with_stop_token_future<std::decay_t<Make>> with_stop_token(Make&& make) {
    return with_stop_token_future<std::decay_t<Make>>{std::forward<Make>(make)};
}

}  // namespace bifilar
