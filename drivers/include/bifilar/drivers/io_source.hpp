// A descriptor and what drivers know about it: whether a call is worth trying, and who waits.
// It has an address of its own for as long as the kernel may report events for it.
#pragma once

#include <bifilar/base/fork_count.hpp>
#include <bifilar/base/spin_lock.hpp>
#include <bifilar/drivers/op.hpp>
#include <memory>
#include <vector>

namespace bifilar::drivers {

class io_source;

/// An epoll instance as its sources see it, and those that were closed while its driver may still hold events for
/// them. Shared by the driver and its sources, because either may end first. The driver's thread frees what is here
/// before it asks the kernel for new events.
class epoll_home {
public:
    /// `group` tells drivers whose threads poll for each other, a runtime's workers, from all others.
    epoll_home(int epoll, const void* group) noexcept : group_{group}, forks_{base::fork_count()}, epoll_{epoll} {}
    epoll_home(const epoll_home&) = delete;
    epoll_home& operator=(const epoll_home&) = delete;
    ~epoll_home() = default;

    /// Registers the source, edge-triggered, for everything. 0 or a negative errno. The driver's thread.
    [[nodiscard]] int watch(io_source& source) noexcept;
    /// No more events for the source. Any thread, before the descriptor is closed: a copy of it, in a child process
    /// maybe, would keep the registration alive.
    void forget(const io_source& source) noexcept;
    /// Takes over a closed source until no event for it can be in hand. False when the driver has ended. Any thread.
    [[nodiscard]] bool add(io_source* source) noexcept;
    /// The driver's thread, with no events in hand.
    void free_all() noexcept;
    /// The driver ends.
    void close() noexcept;

    [[nodiscard]] bool closed() noexcept;
    /// Whether a task of this group may rely on events here. Any thread.
    [[nodiscard]] bool serves(const void* group) noexcept;

private:
    // A forked child shares the instance with its parent, and must not touch what is registered there.
    [[nodiscard]] bool is_ours() const noexcept { return forks_ == base::fork_count(); }

    const void* const group_;
    const std::uint32_t forks_;  // In which process it was made.
    base::spin_lock lock_;       // Guards all below and the links behind first_.
    int epoll_;                  // -1 when the driver has ended.
    io_source* first_ = nullptr;
};

/// Owns the descriptor. At most one operation waits per direction; others are answered with EBUSY.
class io_source {
public:
    explicit io_source(int descriptor) noexcept : descriptor_{descriptor} {}
    io_source(const io_source&) = delete;
    io_source& operator=(const io_source&) = delete;

    /// Lets go of it. The last owner closes the descriptor and frees the source, now or when its driver is done with
    /// its events; no operation may be in flight then. Any thread.
    struct closer {
        void operator()(io_source* source) const noexcept;
    };
    /// For a source that was made with -1, because it had to be made before its descriptor. Once, before it is used.
    void take_over(int descriptor) noexcept { descriptor_ = descriptor; }
    /// One more owner. Any thread that has one.
    [[nodiscard]] std::unique_ptr<io_source, closer> share() noexcept;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Makes the call if it may succeed at once. The result, or -EAGAIN: submit it.
    [[nodiscard]] int attempt(op& which) noexcept;
    /// Begins it, as the one that waits in its direction, on behalf of `waits` in the hands of `by`. False, with EBUSY
    /// as its result: another waits.
    [[nodiscard]] bool enter(op& which, driver& by, waker_ref waits) noexcept;
    /// What a finished call says about the next one. Under the lock.
    void learn(const op& which, int result) noexcept;

    /// One direction. The lock guards everything.
    struct side {
        bool ready = true;  ///< A call may succeed at once: never tried yet, or an event came since the last try.
        op* waiting = nullptr;
    };

    base::spin_lock lock;
    side in;
    side out;
    /// Whether a read that did not fill its buffer has drained the stream. Not where marks within it stop reads:
    /// descriptors between the bytes of a Unix stream, urgent data.
    bool short_read_drains = true;
    bool hung_up = false;  ///< The peer closed: reads never wait again, whatever the edges say.
    /// Whether receives have room for what the kernel tells of segments. Set before the first. Not on Unix sockets: the
    /// kernel would put descriptors there, which nobody closes. Without room it closes them itself.
    bool tells_segments = false;
    /// The epoll instances that know the descriptor, and may hold events for the source. Mostly one: more when threads
    /// or runtimes share a stream, or pass it on.
    std::vector<std::shared_ptr<epoll_home>> homes;

    [[nodiscard]] side& side_of(op_kind kind) noexcept { return reads(kind) ? in : out; }

private:
    friend class epoll_home;

    /// Frees the source once it has been with all of its homes.
    static void retire(io_source* source) noexcept;

    int descriptor_;
    // How many source_ptrs there are. Any thread adds and subtracts; the last frees.
    base::atomic<std::uint32_t> owners_{1};
    io_source* next_retired_ = nullptr;
};

using source_ptr = std::unique_ptr<io_source, io_source::closer>;

/// Makes the operation's system call without waiting. The result, or a negative errno.
[[nodiscard]] int try_now(const op& which) noexcept;

/// Whether try_now's answer means "wait": EAGAIN, or EINPROGRESS for connect.
[[nodiscard]] bool would_wait(int result) noexcept;

}  // namespace bifilar::drivers
