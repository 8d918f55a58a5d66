// io_uring: one ring per thread, submissions collected and handed over with the wait, in one system call a loop.
// Linux 6.1 flags (single issuer, deferred task work) where the kernel has them. liburing 2.3.
#pragma once

#include "contract/cancel_requests.hpp"
#include "provided_buffers.hpp"

#include <bifilar/drivers/contract/detail/driver.hpp>

#include <liburing.h>
#include <pthread.h>

namespace bifilar::drivers {

class uring_driver final : public driver {
public:
    /// `entries`: submissions that fit before the kernel must be asked to take them.
    explicit uring_driver(unsigned entries = 256);
    ~uring_driver() override;

    call_result start(op& which, waker_ref waits) noexcept override;
    bool submit_file(op& which, waker_ref waits) noexcept override;  // In uring_file.cpp.
    void cancel(op& which) noexcept override;
    void finish(op& which) noexcept override;
    void park(base::instant_ns deadline) noexcept override;
    void poll_some(std::uint32_t most) noexcept override;
    void unpark() noexcept override;
    void leave() noexcept override;
    [[nodiscard]] bool has_many() const noexcept override { return true; }
    [[nodiscard]] bool arm(multishot_op& which) noexcept override;
    void disarm(multishot_op& which) noexcept override;
    [[nodiscard]] driver_kind kind() const noexcept override { return driver_kind::uring; }

    /// Operations that the kernel has, or will have with the next call. Any thread.
    [[nodiscard]] std::size_t in_flight() const noexcept {
        return in_flight_.load(base::relaxed);
    }  // Relaxed: a count.

private:
    // Relaxed: a count, of one writer.
    void add_in_flight() noexcept { in_flight_.store(in_flight() + 1, base::relaxed); }
    void end_in_flight() noexcept { in_flight_.store(in_flight() - 1, base::relaxed); }
    [[nodiscard]] io_uring_sqe* next_entry() noexcept;
    call_result begin(op& which, waker_ref waits) noexcept;
    call_result begin_behind(op& which, waker_ref waits) noexcept;
    call_result begin_refused(op& which) noexcept;
    [[nodiscard]] bool prepare(op& which) noexcept;
    void prepare_call(io_uring_sqe& entry, op& which) noexcept;
    [[nodiscard]] bool prepare_cancel(op& which) noexcept;
    [[nodiscard]] bool listen_for_unparks() noexcept;
    void take_requests() noexcept;
    [[nodiscard]] bool cancel_armed() noexcept;
    void flush() noexcept;
    [[gnu::cold]] void gather() noexcept;
    void pause_after(int result) noexcept;
    void wait(base::instant_ns deadline) noexcept;
    void end_multishot(multishot_op& which, const io_uring_cqe& cqe, wake_batch& batch) noexcept;
    void end(op& which, const io_uring_cqe& cqe, wake_batch& batch) noexcept;
    [[nodiscard]] static bool waited_for_readiness(const op& which, const io_uring_cqe& cqe) noexcept;
    // Ends what the kernel has completed, up to `most`; the others stay in the ring.
    void reap(wake_batch& batch, std::uint32_t most = all) noexcept;

    io_uring ring_{};
    provided_buffers provided_;
    base::intrusive_list<multishot_op> armed_;
    bool cancels_ = false;         // Cancels are under way since the last poll.
    bool refused_ = false;         // There was no entry for something since requests were taken last: no long sleeps.
    bool collects_sends_ = false;  // Sends go through the ring, with whatever else is handed over.
    int eventfd_ = -1;
    std::uint64_t eventfd_count_ = 0;  // The kernel writes it when an unpark comes.
    bool listening_ = false;
    // Written by the owner, read by any.
    base::atomic<std::size_t> in_flight_{0};
    sleep_flag sleeps_;
    cancel_requests requests_;
    pthread_t owner_;
};

}  // namespace bifilar::drivers
