// Two words about cancellation: shield keeps a future from it, finally does something however a future ends.
#pragma once

#include <bifilar/combine/join_all.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar {

template <future F>
class [[nodiscard]] shield_future {
public:
    using output = output_of<F>;
    /// A fiber that awaits it gets its output, cancelled or not.
    static constexpr bool outlasts_cancel = true;

    explicit shield_future(F f) : future_{std::move(f)} {}

    polled<output> poll(context& cx) {
        begun_ = true;
        return future_.poll(cx);
    }
    // Goes on to the end; its output is destroyed, or its exception. What has not begun does not.
    polled<void> poll_cancel(context& cx) {
        if (!begun_) return done;
        try {
            if (!future_.poll(cx)) return not_ready;
        } catch (...) {
            return done;
        }
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept { bifilar::describe_wait(future_, to); }

private:
    F future_;
    bool begun_ = false;
};

/// `f`, but cancelling it waits until it is ready: how destructors wait.
/// Cancellation: it goes on until `f` is ready; its output is then lost with the task, but for one case:
/// `await(shield(f))` in a fiber gives the output, as if there were no cancellation, and the fiber unwinds at its next
/// wait without a shield. So a fiber that waits under shields alone is not ended. What was never polled does not begin.
template <future F>
shield_future<F> shield(F f) {
    return shield_future<F>{std::move(f)};
}

template <future F, class G>
class [[nodiscard]] finally_future {
    using after = std::invoke_result_t<G&>;
    class none {
    public:
        none() noexcept {}
    };

public:
    using output = output_of<F>;

    finally_future(F f, G clean_up) : first_{std::move(f)}, clean_up_{std::move(clean_up)} {}

    polled<output> poll(context& cx) {
        begun_ = true;
        if (!over_) {
            try {
                if (!first_.poll_arm(cx)) return not_ready;
            } catch (...) {
                error_ = std::current_exception();
            }
            over_ = true;
        }
        if (!clean(cx)) return not_ready;
        if (error_ != nullptr) std::rethrow_exception(error_);
        if constexpr (std::is_void_v<output>)
            return done;
        else
            return output{first_.take()};
    }

    polled<void> poll_cancel(context& cx) {
        if (!begun_) return done;
        if (!over_) {
            if (!first_.poll_cancel(cx)) return not_ready;
            over_ = true;
        }
        if (!clean(cx)) return not_ready;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if constexpr (future<after>) {
            if (after_) return bifilar::describe_wait(*after_, to);
        }
        first_.describe_wait(to);
    }

private:
    // True when the cleaning up is over. Its exception counts when the future itself threw none.
    bool clean(context& cx) {
        if (cleaned_) return true;
        try {
            if constexpr (future<after>) {
                if (!after_) after_.emplace(std::invoke(clean_up_));
                if (!after_->poll(cx)) return false;
            } else {
                std::invoke(clean_up_);
            }
        } catch (...) {
            if (error_ == nullptr) error_ = std::current_exception();
        }
        cleaned_ = true;
        return true;
    }

    detail::member<F> first_;
    G clean_up_;
    [[no_unique_address]] std::conditional_t<future<after>, std::optional<after>, none> after_;
    std::exception_ptr error_;
    bool begun_ = false;    // Polled at least once.
    bool over_ = false;     // The future has ended or is at rest.
    bool cleaned_ = false;  // So has what comes after it.
};

/// `f`, then clean_up(), and the future that it returns if it returns one: also when `f` throws or is cancelled after
/// it has begun. The output is that of `f`. A future that is destroyed without being asked to cancel first, as when its
/// owner lets it go in mid-air, is not cleaned up: the clean-up may have to wait, and a destructor cannot.
/// Throws: what `f` throws, after the cleaning up, else what the cleaning up throws; neither when the task is
/// cancelled.
/// Cancellation: brings `f` to rest and then waits for the cleaning up. The output is lost when the task is cancelled
/// while a clean-up that waits runs.
template <future F, class G>
finally_future<F, std::decay_t<G>> finally(F f, G&& clean_up) {
    return finally_future<F, std::decay_t<G>>{std::move(f), std::forward<G>(clean_up)};
}

}  // namespace bifilar
