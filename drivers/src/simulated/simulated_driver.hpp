// The driver of a simulated kernel: waits for readiness with poll(2), then lets operations end when the kernel says.
// It belongs to the thread that made it, as a ring does: others ask for a cancel through a list and an unpark.
#pragma once

#include "chances.hpp"
#include "contract/cancel_requests.hpp"

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/drivers/simulated/simulated_kernel.hpp>
#include <bifilar/time/simulated_clock.hpp>

#include <optional>
#include <poll.h>
#include <pthread.h>
#include <vector>

namespace bifilar::drivers {

class simulated_driver final : public driver {
public:
    explicit simulated_driver(simulated_kernel& kernel);
    ~simulated_driver() override;

    call_result start(op& which, waker_ref waits) noexcept override;
    int admit_file(file_request& what) noexcept override;
    void cancel(op& which) noexcept override;
    void finish(op& which) noexcept override;
    void park(base::instant_ns deadline) noexcept override;
    /// How often this is called depends on real time, which must not decide what happens on a simulated clock: there
    /// it acts only where the thread finds no rest for long.
    void poll_some(std::uint32_t most) noexcept override;
    void poll_idle() noexcept override;
    [[nodiscard]] base::instant_ns next_due() const noexcept override;
    void unpark() noexcept override;
    [[nodiscard]] driver_kind kind() const noexcept override { return driver_kind::simulated; }

private:
    enum class stage : unsigned char {
        waiting,    // Until its descriptor is ready.
        due,        // Its descriptor was ready; it ends at its time.
        cancelled,  // It ends at its time.
    };
    struct entry {
        op* which;
        std::uint64_t number;
        base::instant_ns due_at = base::never;
        stage at = stage::waiting;
        bool succeeds = false;  // Cancelled, but carried out nevertheless.
    };

    [[nodiscard]] base::instant_ns now() const noexcept { return clock_ != nullptr ? clock_->now_ns() : own_time_; }
    [[nodiscard]] base::instant_ns later(op_kind kind) noexcept;  // A random delay from now.
    [[nodiscard]] int fault_of(op_kind kind, std::optional<file_op> file) noexcept;
    void record(std::uint64_t number, const op& which, int result) noexcept;
    static bool is_ready(void* driver) noexcept;
    [[nodiscard]] base::instant_ns earliest() const noexcept;
    [[nodiscard]] int attempt(op& which) noexcept;
    [[nodiscard]] bool make_room() noexcept;
    void take_requests() noexcept;
    void mark_cancelled(op& which) noexcept;
    // One look at the descriptors and the time. True when an operation ended.
    bool turn() noexcept;
    void mark_ready() noexcept;
    [[nodiscard]] bool advance(entry& one, wake_batch& batch) noexcept;
    void finish_entry(entry& one, int result, wake_batch& batch) noexcept;
    [[nodiscard]] int call(op& which) noexcept;
    void wait(base::instant_ns deadline) noexcept;
    [[nodiscard]] bool looks_early() noexcept;

    simulated_kernel& kernel_;
    chances chances_;
    simulated_clock* clock_ = nullptr;  // The worker's, if it is automatic.
    base::instant_ns own_time_ = 0;     // Without such a clock.
    // How many other threads wait in finish() for an operation of this one. Written by them, read by the owner.
    base::atomic<std::uint32_t> hurries_{0};
    std::uint64_t submitted_ = 0;
    std::uint32_t polls_ = 0;     // Since the last turn.
    std::vector<entry> entries_;  // In the order of submission. Not touched while the worker rests on such a clock.
    std::vector<std::size_t> ripe_;
    std::vector<pollfd> polled_;
    int eventfd_ = -1;
    sleep_flag sleeps_;
    cancel_requests requests_;
    pthread_t owner_;
};

}  // namespace bifilar::drivers
