// How a task ended: not yet, a value, an exception, or cancelled.
// It lives in the task and is read by whoever joins.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/task/cancelled.hpp>  // IWYU pragma: export
#include <bifilar/task/detail/thread_state.hpp>
#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace bifilar {

/// Thrown to whoever joins a task that was cancelled. Ask for `outcome()` to get it as a value.
class task_cancelled : public std::runtime_error {
public:
    task_cancelled() : std::runtime_error{"the joined task was cancelled; ask its handle for outcome() instead"} {}
};

/// Why a task has no value: it was cancelled (no exception), or its body threw.
class task_error {
public:
    task_error() noexcept = default;
    /// Null: the task was cancelled.
    explicit task_error(std::exception_ptr error) noexcept : error_{std::move(error)} {}

    /// The task was cancelled, as opposed to one that threw.
    [[nodiscard]] bool is_cancelled() const noexcept { return error_ == nullptr; }
    /// The body's exception; null when the task was cancelled.
    [[nodiscard]] const std::exception_ptr& exception() const noexcept { return error_; }

private:
    std::exception_ptr error_;
};

namespace detail {

/// What an outcome stores for a body without a value.
class no_value {
public:
    no_value() noexcept {}
};

template <class T>
class outcome {
public:
    using stored = std::conditional_t<std::is_void_v<T>, no_value, T>;

    outcome() noexcept {}
    outcome(const outcome&) = delete;
    outcome& operator=(const outcome&) = delete;
    ~outcome() { reset(); }

    /// One may come after another: a destructor may throw after the return. What was there before ends.
    template <class... Args>
    void set_value(Args&&... args) {
        if constexpr (!std::is_trivially_destructible_v<stored>) clear();
        std::construct_at(&value_, std::forward<Args>(args)...);
        kind_ = kind::value;
    }
    void set_error(std::exception_ptr error) noexcept {
        clear();
        std::construct_at(&error_, std::move(error));
        runtime_serial_ = this_thread().runtime_serial;
        kind_ = kind::error;
    }
    void set_cancelled() noexcept {
        clear();
        kind_ = kind::cancelled;
    }

    [[nodiscard]] bool has_error() const noexcept { return kind_ == kind::error; }
    /// Of the error: thread_state::runtime_serial where it came up.
    [[nodiscard]] std::uint32_t runtime_serial() const noexcept { return runtime_serial_; }

    /// The value, or the exception thrown; the outcome is empty afterwards.
    T take() {
        check_there();
        if (kind_ == kind::error) std::rethrow_exception(take_error());
        if (kind_ == kind::cancelled) throw task_cancelled{};
        if constexpr (!std::is_void_v<T>) return std::move(value_);
    }

    std::expected<T, task_error> take_expected() {
        check_there();
        if (kind_ == kind::error) return std::unexpected{task_error{take_error()}};
        if (kind_ == kind::cancelled) return std::unexpected{task_error{}};
        if constexpr (std::is_void_v<T>)
            return {};
        else
            return std::move(value_);
    }

    std::exception_ptr take_error() noexcept {
        std::exception_ptr error = std::move(error_);
        reset();
        return error;
    }

private:
    enum class kind : std::uint8_t { empty, value, error, cancelled };

    void check_there() const noexcept {
        BIFILAR_CHECK(kind_ != kind::empty, "the outcome of a task was taken before it was there, or twice");
    }
    void clear() noexcept {
        if (kind_ != kind::empty) [[unlikely]]
            reset();
    }
    void reset() noexcept {
        if (kind_ == kind::value) std::destroy_at(&value_);
        if (kind_ == kind::error) std::destroy_at(&error_);
        kind_ = kind::empty;
    }

    union {
        stored value_;
        std::exception_ptr error_;
    };
    base::plain<kind> kind_{kind::empty};
    base::plain<std::uint32_t> runtime_serial_{0};  // Where a union for pointers leaves room.
};

}  // namespace detail
}  // namespace bifilar
