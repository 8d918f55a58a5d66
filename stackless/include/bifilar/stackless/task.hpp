// task<T>: a lazy coroutine that is itself a future.
// Await it from another coroutine, give it to spawn, or poll it by hand; it starts with the first poll.
#pragma once

#include <bifilar/stackless/detail/promise.hpp>
#include <utility>

namespace bifilar {

/// Owns the coroutine's frame. Move-only. It begins with its first poll. Destroying it ends the coroutine where it
/// stands: what it waits for is left, the innermost frame goes first. A destructor of a parameter that throws ends the
/// process. The size of a frame is known to the compiler alone; frame_bytes() tells it at run time.
/// Outputs, parameters and locals may be aligned to up to 256 MiB, which is GCC's own bound. clang has to be told
/// -fcoro-aligned-allocation, which our CMake targets do, and bifilar.pc where clang built the library; without it
/// coroutines are refused.
/// Throws: what the body throws, when it is awaited; std::bad_alloc when the coroutine is called.
/// Cancellation: the future that the innermost coroutine waits for is brought to rest, then the frames end, innermost
/// first. Locals are destroyed; nothing is thrown, so no handler runs, and their destructors cannot wait.
/// Suspends: as what its body awaits.
/// Allocates: the frame, when the coroutine is called, from the frame pool (no malloc in the steady state). GCC 12
/// tells nobody what a frame is aligned to, but sizes are multiples of it: there a spawned coroutine whose frame is by
/// chance a multiple of 32 bytes takes 16 bytes more, or 48 with a large output, and one that is a multiple of 128
/// takes a second block.
template <class T = void>
class [[nodiscard]] task {
public:
    using output = T;
    using promise_type = stackless::promise<T>;
    static constexpr std::string_view model = "coroutine";  ///< For people.

    task(const task&) = delete;  // A coroutine has one owner: std::move it.
    task(task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
    task& operator=(task&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~task() { end(); }

    /// Runs the coroutine, and those it awaits, until one waits or the end. Rethrows what the body threw.
    [[gnu::always_inline]] polled<T> poll(context& cx) {  // See link::drive.
        BIFILAR_CHECK(frame_ != nullptr, "a task was polled after it was ready, awaited or moved from");
        stackless::link& top = stackless::link::of(frame_);
        detail::outcome<T> result;
        stackless::chain_run run{cx, &result};
        if (!top.started()) top.become_top();
        if (!top.drive(run)) return not_ready;
        end();
        if constexpr (std::is_void_v<T>) {
            result.take();
            return done;
        } else {
            return result.take();
        }
    }

    /// Brings the innermost coroutine's leaf to rest, then destroys the chain. Ready when that is done.
    polled<void> poll_cancel(context& cx) {
        if (frame_ != nullptr && !stackless::link::of(frame_).poll_cancel(cx)) return not_ready;
        end();
        return done;
    }

    /// Tells what the innermost coroutine waits on and which coroutines wait; nothing when it does not wait. Nobody
    /// polls it meanwhile.
    void describe_wait(task_visitor& to) const noexcept {
        if (frame_ != nullptr) stackless::link::of(frame_).describe(to);
    }

    /// What the frame takes of memory, its size rounded up to the next that the pool of frames has. 0 where the pool
    /// does not know: above 8 KiB, and under AddressSanitizer. Not after release.
    [[nodiscard]] std::size_t frame_bytes() const noexcept {
        void* volatile frame = frame_;  // So that no compiler puts the frame on the stack, which the pool knows not.
        return detail::frame_bytes(frame);
    }
    /// The frame, or null after release.
    [[nodiscard]] void* frame() const noexcept { return frame_; }
    /// Gives the frame away; for whoever drives it from now on.
    [[nodiscard]] void* release() noexcept { return std::exchange(frame_, nullptr); }

private:
    // It alone makes one: of its own frame.
    friend class stackless::promise<T>;

    explicit task(void* frame) noexcept : frame_{frame} {}

    void end() noexcept {
        void* const frame = std::exchange(frame_, nullptr);
        if (frame == nullptr) return;
        stackless::link::of(frame).unwind();
        std::coroutine_handle<>::from_address(frame).destroy();
    }

    void* frame_;
};

template <class T>
task<T> stackless::promise<T>::get_return_object() noexcept {
    static_assert(sizeof(promise) == sizeof(link), "the output is kept elsewhere; see link::of");
    return task<T>{this->made()};
}

inline task<void> stackless::promise<void>::get_return_object() noexcept { return task<void>{this->made()}; }

namespace stackless {
template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;
}  // namespace stackless
}  // namespace bifilar
