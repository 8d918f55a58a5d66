// One operation in the kernel's hands: an intrusive node inside the future that waits for it.
// Nothing is allocated per operation; the kernel may touch the buffer until the operation is over.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/drivers/contract/detail/call_arguments.hpp>
#include <bifilar/drivers/contract/detail/call_result.hpp>
#include <bifilar/drivers/contract/detail/op_direction.hpp>
#include <bifilar/task/waker.hpp>
#include <cerrno>
#include <cstdint>

namespace bifilar::drivers {

class driver;
class io_source;

/// A result of splice_in and splice_out that splice(2) does not know: it is the pipe that has no room, or is empty, or
/// was so a moment ago. -EAGAIN says of the socket that it is unready still.
inline constexpr int pipe_would_wait = -EXFULL;

class op {
public:
    enum class phase : std::uint8_t {
        idle,        ///< Not started. The future's thread owns all.
        in_flight,   ///< The driver, and maybe the kernel, use buffer and node.
        completing,  ///< The result is there; the completing thread is about to wake the task. A few instructions.
        completed,   ///< The driver has let go of it for good.
    };

    /// The result of a wait for readiness, after which the task makes the call: what it reads is in its processor's
    /// cache then, and whoever is cancelled before has taken nothing.
    static constexpr int worth_a_try = -EAGAIN;

    op(op_kind what, io_source& of) noexcept : source{&of}, kind{what} {}
    /// An operation without a source: a file_call.
    explicit op(op_kind what) noexcept : source{nullptr}, kind{what} {}
    /// A future may be moved before its first poll; its operation is idle then.
    op(op&& other) noexcept;
    op& operator=(op&&) = delete;

    [[nodiscard]] phase now() const noexcept {
        // Pairs with complete; so that the result is visible.
        return phase_.load(base::acquire);
    }
    /// The future's thread, before a driver has it.
    void begin(waker_ref waits) noexcept {
        waits_ = waits;
        // Relaxed: what hands it over (a lock, or the ring) publishes it.
        phase_.store(phase::in_flight, base::relaxed);
    }
    /// The future uses the node for another call. Its thread, when the last one is over.
    void rewind() noexcept {
        BIFILAR_ASSERT(at_rest(), "an I/O future was polled after its poll_cancel");
        cancel_asked_.store(false, base::relaxed);       // Relaxed: at rest, nobody else looks.
        requested_.store(request::none, base::relaxed);  // Relaxed: likewise.
        phase_.store(phase::idle, base::relaxed);        // Relaxed: this thread alone looks.
    }

    [[nodiscard]] waker_ref waits() const noexcept { return waits_; }

    /// The driver's thread, once: stores the result and claims the task; after this the node may be gone. The claim
    /// comes between the two stores: before it the task must not see the end, after it the task may be gone.
    void complete(int with, wake_batch& batch) noexcept {
        result = with;
        // So that a poll that this claim leads to waits for the second store instead of parking. Relaxed: the claim
        // publishes it.
        phase_.store(phase::completing, base::relaxed);
        batch.claim(waits_);
        // Pairs with now; so that result and claim come before the end of the node.
        phase_.store(phase::completed, base::release);
    }

    /// For a node that wakes its waiter by another way: the driver lets go of it. The driver's thread.
    void complete_unwaited() noexcept {
        // Pairs with now; so that the driver's use comes before the end of the node.
        phase_.store(phase::completed, base::release);
    }

    /// The phase, with the short `completing` waited out. The future's thread.
    [[nodiscard]] phase settle() const noexcept {
        phase at = now();
        for (int spins = 0; at == phase::completing; at = now())
            ++spins < 64 ? base::spin_pause() : base::yield_thread();
        return at;
    }

    /// Whether this is the first cancel of the present call. The future's thread.
    [[nodiscard]] bool ask_cancel() noexcept {
        // Relaxed twice: a hint for the driver, which gets the cancel itself by another way.
        if (cancel_asked_.load(base::relaxed)) return false;
        cancel_asked_.store(true, base::relaxed);
        return true;
    }
    /// A hint for the driver's thread: a call that has to wait again need not begin.
    [[nodiscard]] bool cancel_asked() const noexcept {
        return cancel_asked_.load(base::relaxed);
    }  // Relaxed: as above.

    /// The driver is asked for a cancel by another thread, or by its own when it could not begin one. The operation
    /// stays alive until the driver has seen that, because it is linked in the driver's list.
    void request_cancel() noexcept {
        requested_.store(request::listed, base::relaxed);
    }  // Relaxed: the list publishes it.
    /// The driver has taken the request off its list. Wakes a task that waits for that alone; the order of the three
    /// steps is that of complete.
    void request_seen(wake_batch& batch) noexcept {
        if (now() != phase::in_flight) {
            requested_.store(request::leaving, base::relaxed);  // Relaxed: as in complete.
            batch.claim(waits_);
        }
        requested_.store(request::seen,
                         base::release);  // Pairs with at_rest; so that the list's use comes before the end.
    }

    /// Whether node and buffer may go. The future's thread. When not, a wake comes.
    [[nodiscard]] bool at_rest() const noexcept {
        if (settle() == phase::in_flight) return false;
        // Pairs with request_seen.
        request at = requested_.load(base::acquire);
        for (int spins = 0; at == request::leaving; at = requested_.load(base::acquire))
            ++spins < 64 ? base::spin_pause() : base::yield_thread();
        return at != request::listed;
    }

    io_source* source;
    call_arguments arguments;
    driver* on = nullptr;        ///< Who started it: lends the buffer, and cancels it.
    op* next_request = nullptr;  ///< Link of the list of cancel requests.
    int result = 0;              ///< As the system call gives it; a negative errno for a failure.
    int flags = 0;               ///< MSG_PEEK and the like, for calls that take them.
    op_kind kind;
    bool waits_for_readiness = false;  ///< The ring's: it would not wait in this call, and waits for its readiness.
    bool collected = false;            ///< The ring's: a send that was not tried, and most likely need not wait.

private:
    enum class request : std::uint8_t {
        none,     ///< Nobody asked for a cancel, or it began at once.
        listed,   ///< In the driver's list of requests.
        leaving,  ///< The driver is about to wake the task. A few instructions.
        seen,     ///< The driver has let go of the node.
    };

    // Whether a cancel was asked for. Written by the future's thread, read by the driver's.
    base::atomic<bool> cancel_asked_{false};
    // See request. none and listed are written by the future's thread, the others by the driver's.
    base::atomic<request> requested_{request::none};
    // See phase. idle and in_flight are written by the future's thread, the others by the completing thread.
    base::atomic<phase> phase_{phase::idle};
    waker_ref waits_;
};

static_assert(sizeof(op) <= 64, "each idle connection has one");

}  // namespace bifilar::drivers
