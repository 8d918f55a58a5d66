// A descriptor and what drivers know about it: whether a call is worth trying, and who waits.
// It has an address of its own for as long as the kernel may report events for it.
#pragma once

#include <bifilar/base/spin_lock.hpp>
#include <bifilar/drivers/op.hpp>
#include <memory>

namespace bifilar::drivers {

class io_source;

/// Sources that were closed while their driver may still hold events for them. Shared by the driver and its sources,
/// because either may end first. The driver's thread frees what is here before it asks the kernel for new events.
class retired_sources {
public:
    retired_sources() noexcept = default;
    retired_sources(const retired_sources&) = delete;
    retired_sources& operator=(const retired_sources&) = delete;
    ~retired_sources() = default;

    /// Any thread.
    void add(io_source* source) noexcept;
    /// The driver's thread, with no events in hand.
    void free_all() noexcept;
    /// The driver ends: what comes later is freed at once.
    void close() noexcept;

private:
    base::spin_lock lock_;  // Guards all below and the links behind first_.
    io_source* first_ = nullptr;
    bool closed_ = false;
};

/// Owns the descriptor. At most one operation waits per direction; others get EBUSY.
class io_source {
public:
    explicit io_source(int descriptor) noexcept : descriptor_{descriptor} {}
    io_source(const io_source&) = delete;
    io_source& operator=(const io_source&) = delete;

    /// Closes the descriptor and frees the source, now or when its driver is done with its events. No operation may
    /// be in flight. Any thread.
    struct closer {
        void operator()(io_source* source) const noexcept;
    };

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Makes the call if it may succeed at once. The result, or -EAGAIN: submit it.
    [[nodiscard]] int attempt(op& which) noexcept;
    /// What a finished call says about the next one. Under the lock.
    void learn(const op& which, int result) noexcept;

    /// One direction. The lock guards everything.
    struct side {
        bool ready = true;    ///< A call may succeed at once: never tried yet, or an event came since the last try.
        op* waiting = nullptr;
    };

    base::spin_lock lock;
    side in;
    side out;
    bool hung_up = false;       ///< The peer closed: reads never wait again, whatever the edges say.
    /// Set when an epoll instance knows the descriptor: where the source goes when it is closed.
    std::shared_ptr<retired_sources> home;

    [[nodiscard]] side& side_of(op_kind kind) noexcept { return reads(kind) ? in : out; }

private:
    friend class retired_sources;

    const int descriptor_;
    io_source* next_retired_ = nullptr;
};

using source_ptr = std::unique_ptr<io_source, io_source::closer>;

/// Makes the operation's system call without waiting. The result, or a negative errno.
[[nodiscard]] int try_now(const op& which) noexcept;

/// Whether try_now's answer means "wait": EAGAIN, or EINPROGRESS for connect.
[[nodiscard]] bool would_wait(int result) noexcept;

}  // namespace bifilar::drivers
