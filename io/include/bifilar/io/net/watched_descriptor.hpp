// Waits for the readiness of a descriptor that others make the calls on: a C library's socket, an eventfd, a timerfd,
// an inotify instance. Built on io_wait. The kernel is asked anew by poll(2) for each answer, so that readiness is a
// level for the user whichever driver there is, and nothing has to be re-armed.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <utility>

namespace bifilar {

/// Ready once the descriptor is, in one direction; see watched_descriptor.
/// Allocates: nothing.
class [[nodiscard]] readiness_future {
public:
    using output = io_result<void>;

    readiness_future(drivers::io_source& of, op_kind kind) noexcept : wait_{kind, of} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<readiness_future>(to); }

private:
    drivers::io_wait wait_;
};

/// Move-only, also while a future of it waits; not to be closed, released or destroyed then, which aborts. The open
/// file description is left as it is: who makes calls that must not block sets O_NONBLOCK, because another reader may
/// take the bytes first.
/// Thread: one task may wait in each direction at a time, from any thread; a second one is answered with EBUSY.
class watched_descriptor {
public:
    watched_descriptor(const watched_descriptor&) = delete;  // A descriptor has one owner: std::move it.
    watched_descriptor(watched_descriptor&&) noexcept = default;
    watched_descriptor& operator=(watched_descriptor&&) noexcept = default;
    ~watched_descriptor() = default;

    /// Takes over an open descriptor, which is closed in the end unless release() gives it back before. Nobody else may
    /// close it or watch it meanwhile: the kernel knows who waits by its number.
    /// Throws: std::bad_alloc; the descriptor is closed then.
    /// Errors: EBADF when it is not open.
    [[nodiscard]] static io_result<watched_descriptor> adopt(owned_descriptor descriptor);
    /// For a descriptor that stays somebody else's: watches a copy of it, which is closed at exec. The owner may close
    /// his at any time, even while a future waits, and several may watch. As long as the copy is there the file stays
    /// open: the peer of a socket sees no end before this is closed as well, unless the owner calls shutdown(2).
    /// Throws: std::bad_alloc.
    /// Errors: EBADF when it is not open; EMFILE when there is no room for the copy.
    [[nodiscard]] static io_result<watched_descriptor> duplicate(int descriptor);

    /// Ready when a read would not wait: there is something, or the end, or an error, which the call then tells. At
    /// once where it is so already, and always for what the kernel cannot wait for: files on disks, directories. Again
    /// at once until somebody has read what there is.
    /// Throws: the first wait of a plain thread, where it can have no driver: std::system_error, std::bad_alloc.
    /// Errors: EBUSY while another task waits in this direction; ENOMEM and ENOSPC when the kernel cannot watch one
    /// more descriptor; ENOBUFS when a ring takes no more.
    /// Cancellation: loses nothing, nor does destroying it: what came is still there.
    /// Suspends: until the descriptor is ready.
    [[nodiscard]] readiness_future readable() noexcept { return {source(), op_kind::poll_in}; }
    /// As readable: when a write would not wait, because there is room, or it would fail.
    [[nodiscard]] readiness_future writable() noexcept { return {source(), op_kind::poll_out}; }

    /// That which is watched, for duplicate() the copy. -1 after close(), release() or a move.
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }
    /// Gives the descriptor back, open and no longer watched: it may be watched anew, also by another runtime. No
    /// future may wait. Does not block.
    [[nodiscard]] owned_descriptor release() noexcept;
    /// Closes now. No future may wait.
    void close() noexcept { source_.reset(); }

private:
    explicit watched_descriptor(drivers::source_ptr source) noexcept : source_{std::move(source)} {}
    [[nodiscard]] drivers::io_source& source() const noexcept;

    drivers::source_ptr source_;
};

}  // namespace bifilar
