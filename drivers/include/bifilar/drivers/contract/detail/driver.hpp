// What talks to the kernel on behalf of one thread: starts operations, sleeps until something ends, wakes tasks.
// The contract; uring, epoll and simulated fulfil it.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/drivers/contract/detail/buffer_pool.hpp>
#include <bifilar/drivers/contract/detail/io_counts.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/drivers/contract/detail/multishot_op.hpp>
#include <bifilar/drivers/contract/detail/op.hpp>
#include <bifilar/drivers/contract/driver_kind.hpp>
#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <memory>

namespace bifilar {
class simulated_kernel;
}

namespace bifilar::drivers {

struct file_request;

class driver : public detail::parker {
public:
    /// Makes an operation's call if it may succeed at once, or has it made soon. The result, or a negative errno, also
    /// EBUSY where another operation waits, and ENOMEM, ENOSPC or ENOBUFS when it cannot wait; empty: it is in
    /// flight, and `waits` is woken when it is over or worth another try. The calling thread's own driver.
    [[nodiscard]] virtual call_result start(op& which, waker_ref waits) noexcept = 0;

    /// Takes a file_call, if this driver makes such calls without a thread of their own. False: it does not, the
    /// operation is still idle, and the runtime's blocking pool makes the call. The calling thread's own driver.
    [[nodiscard]] virtual bool submit_file(op& /*which*/, waker_ref /*waits*/) noexcept { return false; }

    /// Asked once before each call on a file, wherever that will be made. 0: it is made, of fewer bytes maybe. A
    /// negative errno: it is not, and this is its answer. The calling thread's own driver.
    [[nodiscard]] virtual int admit_file(file_request& /*what*/) noexcept { return 0; }

    /// Brings an operation in flight to its end, which may also be success. Any thread; once per operation.
    virtual void cancel(op& which) noexcept = 0;

    /// Runs the driver of this thread until `which` is over, without running tasks. For destructors.
    virtual void finish(op& which) noexcept = 0;

    [[nodiscard]] virtual driver_kind kind() const noexcept = 0;

    /// Of this process, not of one that it was forked from. Any thread.
    [[nodiscard]] bool is_ours() const noexcept { return forks_ == base::fork_count(); }

    /// Whether it knows operations that complete many times.
    [[nodiscard]] virtual bool has_many() const noexcept { return false; }
    /// Starts one, for as long as the kernel goes on or disarm is called. False: the kernel takes no more at the
    /// moment. The calling thread's own driver, under the source's lock.
    [[nodiscard]] virtual bool arm(multishot_op&) noexcept { return false; }
    /// Cancels one, and calls disarm_seen when that has begun. Any thread, under the source's lock.
    virtual void disarm(multishot_op&) noexcept {}

    /// From now on counts there, which outlives this, what becomes of operations. Before the first.
    void count_in(io_counts& counts) noexcept { counts_ = &counts; }
    /// An operation of the driver's thread has given a task its result, or made it wait if that is empty.
    void note(op_kind kind, const call_result& answer) noexcept {
        if (counts_ != nullptr) [[unlikely]]
            counts_->note(kind, answer);
    }

    /// What it lends to those who receive.
    [[nodiscard]] buffer_pool& buffers() noexcept { return *buffers_; }

private:
    io_counts* counts_ = nullptr;  // Null: nobody has asked for them.
    std::unique_ptr<buffer_pool, buffer_pool::closer> buffers_ = buffer_pool::make();
    const std::uint32_t forks_ = base::fork_count();  // In which process it was made.
};

/// Decides once what `best` means, honouring BIFILAR_DRIVER (epoll, uring, simulated). Prints one line when io_uring
/// cannot be had and `best` was wanted. Throws std::invalid_argument for an unknown name in BIFILAR_DRIVER, and
/// std::runtime_error when uring was demanded and cannot be had; both say what to do. Throws std::system_error when no
/// descriptor is left to ask with. BIFILAR_PROBE_FAIL=EPERM (or another errno) makes the probe fail, for tests.
[[nodiscard]] driver_kind choose_driver(driver_kind wanted);

/// A driver for the calling thread, which alone uses it. `kind` is not best. `kernel` is what a simulated one works
/// with, and outlives it; null: simulated_kernel::standard(). Throws std::system_error.
[[nodiscard]] std::unique_ptr<driver> make_driver(driver_kind kind, simulated_kernel* kernel = nullptr);

/// The calling thread's driver; null: it has none yet, or it is a forked child's copy of a worker.
[[nodiscard]] inline driver* installed_driver() noexcept {
    auto* const here = static_cast<driver*>(detail::this_thread().sleeps_in);
    return here != nullptr && here->is_ours() ? here : nullptr;
}

/// For a thread that has none. Throws std::system_error. Aborts in a forked child's copy of a worker.
[[nodiscard]] driver& make_this_driver();

/// The driver in which the calling thread sleeps: the worker's, or one made when a plain thread first has to wait.
/// Throws std::system_error.
[[nodiscard]] inline driver& this_driver() {
    driver* const here = installed_driver();
    return here != nullptr ? *here : make_this_driver();
}

/// Operations that were destroyed in flight, whose destructors had to wait. Process-wide; 0 is good.
[[nodiscard]] std::uint64_t destroyed_in_flight() noexcept;
void count_destroyed_in_flight() noexcept;

/// Awake, asleep or told: what lets an unpark skip the system call when its owner is awake.
class sleep_flag {
public:
    /// The owner is about to sleep. False: it was told meanwhile and must not.
    [[nodiscard]] bool fall_asleep() noexcept {
        std::uint8_t expected = awake;
        // Relaxed: one word, so who tells it comes before, or finds it asleep.
        if (word_.compare_exchange_strong(expected, asleep, base::relaxed, base::relaxed)) return true;
        wake_up();
        return false;
    }
    /// The owner woke, told or not.
    // Pairs with tell; an exchange, so that what a teller wrote before is visible to the looks that follow.
    void wake_up() noexcept { (void)word_.exchange(awake, base::acquire); }
    /// Any thread. True: the owner sleeps and the caller has to wake it by the kernel.
    [[nodiscard]] bool tell() noexcept { return word_.exchange(told, base::release) == asleep; }  // Pairs with wake_up.

private:
    static constexpr std::uint8_t awake = 0, asleep = 1, told = 2;
    // The owner writes awake and asleep, others write told, which stays until the owner's next attempt to sleep.
    base::atomic<std::uint8_t> word_{awake};
};

}  // namespace bifilar::drivers
