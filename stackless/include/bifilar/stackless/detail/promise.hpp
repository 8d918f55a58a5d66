// The promise of task<T>: three words, frames from the pool, and the rules of co_await.
// The result goes straight to where it is wanted: the parent's frame, the poller's stack, or the spawned task.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/stackless/detail/leaf_await.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <concepts>
#include <new>
#include <source_location>

namespace bifilar {

template <class T>
class task;

namespace stackless {

/// A parent's view of its child while it awaits it.
template <class T>
class child_await : public child_slot {
public:
    explicit child_await(void* child) noexcept : child_slot{child} {}
    ~child_await() {
        if (child_ != nullptr) std::coroutine_handle<>::from_address(child_).destroy();
    }

    [[nodiscard]] static constexpr bool await_ready() noexcept { return false; }

    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) noexcept {
        link::of(child_).become_child(parent.promise(), *this);
    }

    T await_resume() { return end(); }
    BIFILAR_MUST_BE_READ T await_resume()
        requires detail::must_be_read<T>
    {
        return end();
    }

    detail::outcome<T> outcome_;

private:
    T end() { return outcome_.take(); }
};

/// Ends a coroutine: the trampoline runs whoever is next. A child's frame goes by itself, before its parent goes on, so
/// that its arguments have ended by then; a top stays suspended until its owner destroys it.
class final_await {
public:
    explicit final_await(bool goes) noexcept : goes_{goes} {}
    [[nodiscard]] bool await_ready() const noexcept { return goes_; }
    static void await_suspend(std::coroutine_handle<>) noexcept {}
    static void await_resume() noexcept {}

private:
    bool goes_;
};

#if !defined(__clang__)
#if defined(BIFILAR_DEBUG) || !defined(__OPTIMIZE__)
constexpr bool knows_newest_frame = true;
#else
constexpr bool knows_newest_frame = false;
#endif
inline constexpr const char* misplaced =
    "this compiler misplaces the promise of a coroutine that has co_await in the condition of an `if`, `while`, `for` "
    "or `switch` and declares no variable in any block; name what is awaited: `const bool sent = co_await c.send(1); "
    "if (sent) ...`";
#endif

template <class T>
class promise_base : public link {
public:
#if defined(__clang__)
    static void* operator new(std::size_t bytes, std::align_val_t alignment) {
        const auto step = static_cast<std::size_t>(alignment);
        if (step <= 16) return detail::allocate_coroutine(bytes);
        BIFILAR_CHECK(step <= detail::largest_frame_alignment,
                      "a coroutine has a local that is aligned to more than 256 MiB; allocate it by itself");
        return detail::allocate_coroutine((bytes + step - 1) / step * step, step);
    }
    // Without the option clang tells nobody what a frame is aligned to, and takes this one. A template, so that the
    // sentence comes with its first use; the pack, which is empty, because one with the size alone may not be.
    template <class... None>
        requires(sizeof...(None) == 0)
    static void* operator new(std::size_t bytes, None...) {
        static_assert(sizeof...(None) != 0,
                      "compile with -fcoro-aligned-allocation; without it clang misplaces over-aligned locals of "
                      "coroutines. The CMake target bifilar::bifilar brings it; so does pkg-config, where clang built "
                      "the library");
        return detail::allocate_coroutine(bytes);
    }
#else
    // GCC 12 does not say what a frame is aligned to, but its size is a multiple of it.
    static void* operator new(std::size_t bytes) {
        void* const frame = detail::allocate_coroutine(bytes, bytes & (~bytes + 1));
        if constexpr (knows_newest_frame) detail::this_thread().newest_frame = frame;
        return frame;
    }
#endif
    static void operator delete(void* frame, std::size_t) noexcept { detail::release_coroutine(frame); }

    [[nodiscard]] static std::suspend_always initial_suspend() noexcept { return {}; }
    [[nodiscard]] final_await final_suspend() noexcept { return final_await{this->end()}; }

    void unhandled_exception() noexcept {
        if (!this->is_child() && detail::ends_as_cancelled())
            result().set_cancelled();
        else
            result().set_error(std::current_exception());
    }

    /// A task is awaited as a child of this chain, at the price of a call.
    template <class U>
    child_await<U> await_transform(task<U>&& child,
                                   std::source_location at = std::source_location::current()) noexcept {
        this->note(at);
        void* const frame = child.release();
        BIFILAR_CHECK(frame != nullptr, "a task was awaited after it was ready, awaited or moved from");
        return child_await<U>{frame};
    }

    /// Any other future is polled where it is.
    template <class F>
    requires future<std::remove_cvref_t<F>> leaf_await<std::remove_cvref_t<F>> await_transform(
        F&& awaited, std::source_location at = std::source_location::current())
    noexcept {
        this->note(at);
        return leaf_await<std::remove_cvref_t<F>>{awaited};
    }

    /// What is left is a mistake: says which.
    template <class F>
        requires(!future<std::remove_cvref_t<F>>)
    std::suspend_never await_transform(F&&) noexcept {
        static_assert(future<std::remove_cvref_t<F>>,
                      "co_await in a bifilar::task takes a future: a task, what an operation such as read() or "
                      "sleep_for() returns, a join_handle, or whatever has `output` and `poll`; other libraries' "
                      "awaitables are not");
        return {};
    }

protected:
    /// The frame, for the task that owns it.
    // GCC 12 puts the promise where no handle finds it in a coroutine that has co_await in a condition and no variable
    // in any block; all that comes after would go wrong, without bifilar too. By how much depends on the conditions: up
    // to eight bytes of them move the frame by 8, which its alignment shows. More move it further; that is seen where
    // the frame is compared with the one that operator new gave a moment ago, which costs 0.7 ns a coroutine. Another
    // may be newer where copying a parameter made a coroutine.
    void* made() noexcept {
        void* const frame = this->frame();
#if !defined(__clang__)
        BIFILAR_CHECK(reinterpret_cast<std::uintptr_t>(frame) % 16 == 0, misplaced);
        if constexpr (knows_newest_frame)
            BIFILAR_CHECK(frame == detail::this_thread().newest_frame || detail::begins_frame(frame), misplaced);
#endif
        return frame;
    }

    detail::outcome<T>& result() noexcept {
        if (this->is_child()) return static_cast<child_await<T>&>(this->slot()).outcome_;
        return *static_cast<detail::outcome<T>*>(this->run().result_);
    }
};

template <class T>
class promise : public promise_base<T> {
public:
    task<T> get_return_object() noexcept;

    template <class U>
        requires std::constructible_from<T, U>
    void return_value(U&& value) {
        this->result().set_value(std::forward<U>(value));
    }
};

template <>
class promise<void> : public promise_base<void> {
public:
    task<void> get_return_object() noexcept;
    void return_void() noexcept { result().set_value(); }
};

static_assert(sizeof(promise<void>) == sizeof(link) && alignof(promise<void>) <= 2 * sizeof(void*),
              "link::of finds the promise two words into the frame");

}  // namespace stackless
}  // namespace bifilar
