// A descriptor and what drivers know about it: whether a call is worth trying, and who waits.
// It has an address of its own for as long as the kernel may report events for it.
#pragma once

#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/base/detail/owner_count.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/drivers/contract/detail/op.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <array>
#include <memory>
#include <sys/socket.h>
#include <vector>

namespace bifilar::drivers {

class io_source;

/// Makes the operation's system call without waiting. The result, or a negative errno. For a recv_pooled `on` is set.
[[nodiscard]] int try_now(const op& which) noexcept;

/// Makes it if it may succeed at once, and notes what that tells of the next. The result, or what would_wait() is true
/// of. Under the source's lock.
[[nodiscard]] int attempt(const op& which) noexcept;

/// Whether try_now's answer means "wait": EAGAIN, or EINPROGRESS for connect.
[[nodiscard]] constexpr bool would_wait(int result) noexcept { return result == -EAGAIN || result == -EINPROGRESS; }

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

/// The epoll instances that know a source, and may hold events for it. Mostly one, which takes no memory; more when
/// threads or runtimes share a stream, or pass it on.
class epoll_homes {
public:
    /// Whether it was added last.
    [[nodiscard]] bool start_with(const std::shared_ptr<epoll_home>& home) const noexcept { return first_ == home; }
    /// Whether a task of this group may rely on the events of one of them.
    [[nodiscard]] bool serve(const void* group) const noexcept;
    /// Makes room for one more, without those that have ended. Throws std::bad_alloc.
    void make_room();
    /// Into the room that was made. It comes first.
    void add(std::shared_ptr<epoll_home> home) noexcept;
    /// Takes one out. Null: there is none.
    [[nodiscard]] std::shared_ptr<epoll_home> take() noexcept;
    /// No more events for the source from any of them.
    void forget(const io_source& source) const noexcept;

private:
    std::shared_ptr<epoll_home> first_;
    std::unique_ptr<std::vector<std::shared_ptr<epoll_home>>> others_;  // Null until there is a second.
};

/// Owns the descriptor. At most one operation waits per direction; others are answered with EBUSY. Small, because each
/// request of a server fetches it anew; not aligned to a cache line, which would cost a connection 112 bytes.
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
    /// As a closer does for the last owner, who alone may call it, but the descriptor stays open and is the caller's.
    [[nodiscard]] static int release(std::unique_ptr<io_source, closer> source) noexcept;

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Whether the call need not be tried: 0, or -EAGAIN, or -EBUSY where another operation waits. Under the lock.
    [[nodiscard]] int refusal(op_kind kind) const noexcept {
        if (waiting[side_of(kind)] != nullptr) [[unlikely]]
            return -EBUSY;
        return ready[side_of(kind)] || (hung_up && reads(kind)) ? 0 : -EAGAIN;
    }
    /// Begins it, as the one that waits in its direction, on behalf of `waits`. Under the lock, when nobody else waits.
    void enter(op& which, waker_ref waits) noexcept {
        which.begin(waits);
        waiting[side_of(which.kind)] = &which;
    }
    /// What a call that was made under this hold of the lock says about the next one.
    void learn(const op& which, int result) noexcept {
        // Trying again before the next event is in vain where a read has taken all there was.
        const bool drained = drains(which.kind) && result >= 0 &&
                             static_cast<std::size_t>(result) < which.arguments.bytes() && short_read_drains &&
                             (which.flags & MSG_PEEK) == 0;
        ready[side_of(which.kind)] = !would_wait(result) && !drained;
    }

    /// The directions, in which operations wait: places in the arrays below.
    static constexpr std::size_t in = 0;
    static constexpr std::size_t out = 1;
    [[nodiscard]] static constexpr std::size_t side_of(op_kind kind) noexcept { return reads(kind) ? in : out; }

    base::spin_lock lock;  ///< Guards what follows, up to `homes`.
    /// Whether a call may succeed at once: it was never tried yet, or an event came since the last try.
    std::array<bool, 2> ready{true, true};
    /// Whether a read that did not fill its buffer has drained the stream. Not where marks within it stop reads:
    /// descriptors between the bytes of a Unix stream, urgent data.
    bool short_read_drains = true;
    /// The peer closed, or the listener was shut down: reads never wait again, whatever the edges say.
    bool hung_up = false;
    /// Whether receives have room for what the kernel tells of segments. Set before the first. Not on Unix sockets: the
    /// kernel would put descriptors there, which nobody closes. Without room it closes them itself.
    bool tells_segments = false;
    /// Who waits in either direction.
    std::array<op*, 2> waiting{};
    epoll_homes homes;

private:
    // Keeps retired sources in a list through them, and sends each on its way when no event can be in hand.
    friend class epoll_home;

    /// The end, which comes once no driver has events for it; the descriptor is the caller's.
    [[nodiscard]] static int give_up(io_source* source) noexcept;
    /// Frees the source once it has been with all of its homes.
    static void retire(io_source* source) noexcept;

    int descriptor_;
    // How many source_ptrs there are. Any thread adds and subtracts; the last frees.
    base::owner_count owners_{1};
    io_source* next_retired_ = nullptr;
};

static_assert(sizeof(io_source) <= 64, "each connection has one");

using source_ptr = std::unique_ptr<io_source, io_source::closer>;

/// The one owner. Throws std::bad_alloc, the descriptor is closed then.
[[nodiscard]] source_ptr make_source(owned_descriptor descriptor);
/// The same for what a call has answered with: ENOMEM in place of the exception.
[[nodiscard]] io_result<source_ptr> try_make_source(owned_descriptor descriptor) noexcept;

}  // namespace bifilar::drivers
