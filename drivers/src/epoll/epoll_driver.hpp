// epoll, edge-triggered: an event means that a call is worth trying, and the driver tries it for the waiting operation.
// A descriptor is registered with the first driver of a runtime that waits for it, wherever its task goes within that
// runtime, and with the driver of each plain thread that waits for it.
#pragma once

#include <bifilar/base/detail/counter.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

namespace bifilar::drivers {

class epoll_driver final : public driver {
public:
    epoll_driver();
    ~epoll_driver() override;

    call_result start(op& which, waker_ref waits) noexcept override;
    void cancel(op& which) noexcept override;
    void finish(op& which) noexcept override;
    void park(base::instant_ns deadline) noexcept override;
    void poll_some(std::uint32_t most) noexcept override;
    void unpark() noexcept override;
    [[nodiscard]] driver_kind kind() const noexcept override { return driver_kind::epoll; }

    /// Operations that wait for this driver's events. Any thread: exact while its thread rests and nobody cancels.
    [[nodiscard]] std::uint64_t in_flight() const noexcept {
        return started_.get() - ended_.get() - ended_elsewhere_.load(base::relaxed);  // Relaxed: a count.
    }

private:
    void count_end(const op& which) noexcept;
    int wait(base::instant_ns deadline) noexcept;
    void reap(int count, wake_batch& batch) noexcept;
    void on_event(io_source& source, std::uint32_t events, wake_batch& batch) noexcept;
    void drain_eventfd() noexcept;

    [[nodiscard]] bool knows(const io_source& source) const noexcept;
    [[nodiscard]] int adopt(io_source& source) noexcept;

    // Drivers of one runtime's workers serve each other's tasks; a plain thread's serves only its own.
    const void* group_;
    std::shared_ptr<epoll_home> home_;
    int epoll_ = -1;
    int eventfd_ = -1;
    sleep_flag sleeps_;
    // Operations that began to wait here, and that ended: by this thread, and by others.
    base::counter started_;
    base::counter ended_;
    base::atomic<std::uint64_t> ended_elsewhere_{0};
    struct events;
    std::unique_ptr<events> events_;
};

}  // namespace bifilar::drivers
