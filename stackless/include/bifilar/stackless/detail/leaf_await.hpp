// co_await of any future: polls it at once, and leaves it as the chain's leaf when it is not ready.
// Constructed in the frame by await_transform; not an aggregate, because GCC 12 destroys those twice.
#pragma once

#include <bifilar/future/detail/must_be_read.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/stackless/detail/chain.hpp>
#include <bifilar/task/outcome.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace bifilar::stackless {

/// What a leaf keeps between its future's readiness and the coroutine's resumption. Empty for a future that can
/// neither throw nor give a value, which is the most common thing to wait for.
template <class T, bool MayThrow>
class leaf_result {
public:
    leaf_result() noexcept {}
    ~leaf_result() { clear(); }

    /// True when the future was ready. Its answer is built where the coroutine will take it.
    template <class F>
    [[gnu::always_inline]] bool poll(F& future, context& cx) {
        ::new (static_cast<void*>(&answer_)) polled<T>(future.poll(cx));
        if (!answer_.is_ready()) return false;
        kind_ = kind::answer;
        return true;
    }
    void keep_error() noexcept {
        std::construct_at(&error_, std::current_exception());
        kind_ = kind::error;
    }
    // In line: out of line a small answer would be returned in registers, put together from parts that were just
    // written one by one, which stalls the processor; see polled.
    [[gnu::always_inline]] T take() {
        if (kind_ == kind::error) [[unlikely]]
            throw_error();
        return answer_.take();
    }

private:
    enum class kind : unsigned char { none, answer, error };

    [[noreturn, gnu::noinline]] void throw_error() {
        std::exception_ptr error = std::move(error_);
        clear();
        std::rethrow_exception(std::move(error));
    }
    void clear() noexcept {
        if (kind_ == kind::answer) std::destroy_at(&answer_);
        if (kind_ == kind::error) std::destroy_at(&error_);
        kind_ = kind::none;
    }

    union {
        polled<T> answer_;
        std::exception_ptr error_;
    };
    kind kind_ = kind::none;
};

/// Between its making and its first poll nothing can happen, and a poll always leaves an answer.
template <class T>
class leaf_result<T, false> {
public:
    leaf_result() noexcept {}
    ~leaf_result() { std::destroy_at(&answer_); }

    template <class F>
    [[gnu::always_inline]] bool poll(F& future, context& cx) noexcept {
        // An answer of an earlier poll was not ready, and needs no end.
        ::new (static_cast<void*>(&answer_)) polled<T>(future.poll(cx));
        return answer_.is_ready();
    }
    void keep_error() noexcept { std::terminate(); }
    [[gnu::always_inline]] T take() { return answer_.take(); }  // In line, as above.

private:
    union {
        polled<T> answer_;
    };
};

template <>
class leaf_result<void, true> {
public:
    template <class F>
    bool poll(F& future, context& cx) {
        return future.poll(cx).is_ready();
    }
    void keep_error() noexcept { error_ = std::current_exception(); }
    void take() {
        if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
    }

private:
    std::exception_ptr error_;
};

template <>
class leaf_result<void, false> {
public:
    template <class F>
    bool poll(F& future, context& cx) noexcept {
        return future.poll(cx).is_ready();
    }
    void keep_error() noexcept { std::terminate(); }
    void take() noexcept {}
};

/// Awaits a future that lives elsewhere: a temporary of the same expression, or the caller's variable.
template <future F>
class leaf_await : public leaf {
public:
    explicit leaf_await(F& future) noexcept : future_{&future} {}

    [[nodiscard]] static constexpr bool await_ready() noexcept { return false; }

    /// False when the future was ready: the coroutine goes on without having been suspended.
    template <class Promise>
    [[gnu::always_inline]] bool await_suspend(std::coroutine_handle<Promise> frame) {
        link& top = frame.promise().top();
        if (poll_here(*top.run().context_)) return false;
        become(operations);
        top.wait_for(*this);
        return true;
    }

    [[gnu::always_inline]] output_of<F> await_resume() { return result_.take(); }
    BIFILAR_MUST_BE_READ [[gnu::always_inline]] output_of<F> await_resume()
        requires detail::must_be_read<output_of<F>>
    {
        return result_.take();
    }

private:
    static constexpr bool may_throw = !noexcept(std::declval<F&>().poll(std::declval<context&>()));

    [[gnu::always_inline]] bool poll_here(context& cx) {
        try {
            const bool ready = result_.poll(*future_, cx);
            detail::note_wait(*future_, static_cast<leaf*>(this), ready);
            return ready;
        } catch (...) {
            result_.keep_error();
            return true;
        }
    }

    static bool poll_one(leaf& self, context& cx) { return static_cast<leaf_await&>(self).poll_here(cx); }

    static bool cancel_one(leaf& self, context& cx) {
        return bifilar::poll_cancel(*static_cast<leaf_await&>(self).future_, cx).is_ready();
    }

    static void describe_one(const leaf& self, task_visitor& to) noexcept {
        describe_wait(*static_cast<const leaf_await&>(self).future_, to);
    }

    static constexpr leaf_operations operations{&poll_one, &cancel_one, &describe_one};

    F* future_;
    [[no_unique_address]] leaf_result<output_of<F>, may_throw> result_;
};

}  // namespace bifilar::stackless
