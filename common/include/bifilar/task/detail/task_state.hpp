// The state word of a task and its transitions: the one place where "pending" and "done" get a meaning.
// Shape after smol's async-task and tokio (named transitions with must-use answers); see the diagram below.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <cstdint>

namespace bifilar::detail {

/// Whose turn it is after a wake.
enum class [[nodiscard]] wake_result : std::uint8_t {
    schedule,  ///< The caller now owns the body and must queue it.
    already,   ///< Somebody owns it already, or it is complete; nothing to do.
};

/// What the runner does after a poll that answered pending.
enum class [[nodiscard]] park_result : std::uint8_t {
    parked,  ///< The body belongs to whoever wakes it; the runner must not touch it again.
    again,   ///< It was woken meanwhile; the runner still owns the body and queues it.
};

/// Life of a task. Numbers name the functions that move it.
///
///                       (1) claim, request_cancel
///            +--------------------------------------------------+
///            |                                                  v
///        [parked]  <---- (3) end_pending: parked ----      [claimed]  --- (1) --> [claimed, notified]
///                                                           |     ^                    |
///                                                           |     +--- (2) begin_run --+
///                                                           |     +--- (3) end_pending: again
///                                                           v
///                                  (4) complete, complete_unshared  [complete]
///
/// *claimed* means that the body has an owner: a queue, the worker that runs it, or a waker that is about to queue
/// it. There is no separate "running" bit: a wake of a claimed task only leaves *notified* behind, and whoever owns
/// the body looks at that before letting go. One read-modify-write a wake and one a park is all that a switch costs.
///
/// The joiner's half: (5) set_join, (6) clear_join, (7) finish_join; see join_handle.
class task_state {
public:
    static constexpr std::uint64_t claimed = 1;          ///< The body has an owner.
    static constexpr std::uint64_t notified = 1 << 1;    ///< Woken while claimed: poll once more.
    static constexpr std::uint64_t completed = 1 << 2;   ///< The outcome is there; the body is gone.
    static constexpr std::uint64_t cancelling = 1 << 3;  ///< Cancellation was asked for. Never cleared.
    static constexpr std::uint64_t joining = 1 << 4;     ///< A joiner is stored in the task.
    static constexpr std::uint64_t join_over = 1 << 5;   ///< The completing worker has let go of the joiner.
    static constexpr std::uint64_t labelled = 1 << 6;    ///< The task has a label; see task_label.
    static constexpr std::uint64_t reference = 1 << 8;   ///< One reference; the count fills bits 8 to 51.
    static constexpr unsigned owner_shift = 52;          ///< The number of the owning runtime fills bits 52 to 63.
    static constexpr std::uint64_t references = (std::uint64_t{1} << owner_shift) - reference;

    /// A task is born claimed (its creator queues it), with one reference for itself and `others` for handles.
    explicit task_state(std::uint64_t others) noexcept : word_{claimed | (1 + others) * reference} {}
    task_state(const task_state&) = delete;
    task_state& operator=(const task_state&) = delete;

    /// (1) A wake. Any thread that keeps the task alive: through a reference, or a lock that its end would need.
    wake_result claim() noexcept { return claim_with(0); }

    /// (1) A wake that also asks for cancellation. Any thread with a reference.
    wake_result request_cancel() noexcept { return claim_with(cancelling); }

    /// (2) The owner is about to poll. Returns whether cancellation was asked for.
    [[nodiscard]] bool begin_run() noexcept {
        // Relaxed: what the first waker wrote came with the queue; only a later wake needs the acquire below.
        std::uint64_t seen = word_.load(base::relaxed);
        // Pairs with claim_with; so that what that waker wrote is visible to the poll that follows.
        if ((seen & notified) != 0) [[unlikely]]
            seen = word_.fetch_and(~notified, base::acquire);
        BIFILAR_ASSERT((seen & (claimed | completed)) == claimed, "a task ran that nobody owned");
        return (seen & cancelling) != 0;
    }

    /// (3) The poll answered pending.
    park_result end_pending() noexcept {
        // Relaxed: a guess for the exchange.
        std::uint64_t seen = word_.load(base::relaxed);
        for (;;) {
            const std::uint64_t next = (seen & notified) != 0 ? seen & ~notified : seen & ~claimed;
            // Pairs with claim_with on both sides: release, so that the next owner sees the body as this poll left
            // it; acquire, so that a notified task sees what the waker wrote.
            if (word_.compare_exchange_weak(seen, next, base::acq_rel, base::relaxed))
                return (seen & notified) != 0 ? park_result::again : park_result::parked;
        }
    }

    /// What complete() leaves to its caller.
    enum class [[nodiscard]] complete_result : std::uint8_t {
        alive,      ///< Nothing; handles still refer to the task.
        last,       ///< The own reference was the last: destroy the task.
        wake_join,  ///< A joiner is stored: claim it, then finish_join().
    };

    /// (4) The outcome is stored and the body ended. Gives up the task's own reference unless a joiner waits.
    complete_result complete() noexcept {
        // Relaxed: a guess for the exchange.
        std::uint64_t seen = word_.load(base::relaxed);
        for (;;) {
            std::uint64_t next = (seen | completed) & ~(claimed | notified);
            const bool joiner = (seen & joining) != 0;
            if (!joiner) next -= reference;
            // Pairs with is_complete and drop_reference (release: the outcome is visible) and with set_join
            // (acquire: the joiner's address is visible).
            if (word_.compare_exchange_weak(seen, next, base::acq_rel, base::relaxed)) {
                if (joiner) return complete_result::wake_join;
                return (next & references) == 0 ? complete_result::last : complete_result::alive;
            }
        }
    }

    /// (4) The same for a task that ran inside its only handle's poll and that nobody joins. True when nothing but that
    /// handle refers to it, so that no other thread can look at the word and a plain store does. False: nothing was
    /// done, call complete().
    [[nodiscard]] bool complete_unshared() noexcept {
        // Pairs with drop_reference; so that the last use by others comes before the owner's next use of the memory.
        const std::uint64_t seen = word_.load(base::acquire);
        BIFILAR_ASSERT((seen & joining) == 0, "a task with a joiner was run by its handle");
        if ((seen & references) != 2 * reference) return false;
        // Relaxed: read by this thread alone until the handle moves to another, which orders it.
        word_.store(((seen | completed) & ~(claimed | notified)) - reference, base::relaxed);
        return true;
    }

    /// (5) The joiner's address was written; publishes it. True when the task is complete already (then nothing was
    /// published). The handle's owner only.
    [[nodiscard]] bool set_join() noexcept {
        // Relaxed: a guess for the exchange.
        std::uint64_t seen = word_.load(base::relaxed);
        for (;;) {
            // Pairs with complete; so that the outcome is visible to the joiner.
            if ((seen & completed) != 0) return word_.load(base::acquire) != 0;
            // Pairs with complete; so that the address is visible to it.
            if (word_.compare_exchange_weak(seen, seen | joining, base::release, base::relaxed)) return false;
        }
    }

    /// (6) The joiner goes away or changes. True when the completing worker may still be using the old address:
    /// the caller then waits for join_finished(). The handle's owner only.
    [[nodiscard]] bool clear_join() noexcept {
        // Relaxed: a guess for the exchange.
        std::uint64_t seen = word_.load(base::relaxed);
        for (;;) {
            if ((seen & completed) != 0) return true;
            // Relaxed: who completes it does not look at the address any more.
            if (word_.compare_exchange_weak(seen, seen & ~joining, base::relaxed, base::relaxed)) return false;
        }
    }

    /// (7) The completing worker has claimed the joiner and gives up the task's own reference. True when it was the
    /// last: destroy the task.
    [[nodiscard]] bool finish_join() noexcept {
        // Pairs with join_finished and drop_reference; so that the use of the joiner is over before either.
        return (word_.fetch_sub(reference - join_over, base::acq_rel) & references) == reference;
    }

    /// Whether the completing worker is done with the joiner, if there was one.
    [[nodiscard]] bool join_finished() const noexcept {
        // Pairs with finish_join.
        const std::uint64_t seen = word_.load(base::acquire);
        return (seen & joining) == 0 || (seen & join_over) != 0;
    }

    [[nodiscard]] bool is_complete() const noexcept {
        // Pairs with complete; so that the outcome is visible.
        return (word_.load(base::acquire) & completed) != 0;
    }

    /// Whether cancellation was asked for. A hint: it may become true at any time.
    [[nodiscard]] bool is_cancelling() const noexcept {
        // Relaxed: the answer orders nothing.
        return (word_.load(base::relaxed) & cancelling) != 0;
    }

    /// The runtime that the task belongs to; 0 before it is started. Never changes after that.
    [[nodiscard]] std::uint32_t owner() const noexcept {
        // Relaxed: written before the task was shared.
        return static_cast<std::uint32_t>(word_.load(base::relaxed) >> owner_shift);
    }
    /// Once, before the task is shared.
    void set_owner(std::uint32_t owner) noexcept {
        // Relaxed twice: the queue that shares the task publishes this.
        word_.store(word_.load(base::relaxed) | std::uint64_t{owner} << owner_shift, base::relaxed);
    }

    /// Whether the task has a label. Never changes once the task is shared.
    [[nodiscard]] bool is_labelled() const noexcept {
        return (word_.load(base::relaxed) & labelled) != 0;  // Relaxed: written before the task was shared.
    }
    /// Once, before the task is shared.
    void set_labelled() noexcept {
        word_.store(word_.load(base::relaxed) | labelled, base::relaxed);
    }  // Relaxed: as set_owner.

    /// Whether the body has an owner: it runs or is about to. A hint unless all workers stand still.
    [[nodiscard]] bool is_claimed() const noexcept {
        return (word_.load(base::relaxed) & claimed) != 0;  // Relaxed: a hint.
    }

    /// One more reference. The caller has one, or owns the body.
    void add_reference() noexcept {
        // Relaxed: a new reference comes from an existing one, which already keeps the task.
        word_.fetch_add(reference, base::relaxed);
    }

    /// One reference less. True when it was the last: destroy the task.
    [[nodiscard]] bool drop_reference() noexcept {
        // Pairs with the other holders' drop_reference, complete and finish_join; so that their last use comes
        // before the destruction. The first look saves the exchange for a sole owner.
        if ((word_.load(base::acquire) & references) == reference) return true;
        return (word_.fetch_sub(reference, base::acq_rel) & references) == reference;
    }

private:
    wake_result claim_with(std::uint64_t also) noexcept {
        // Relaxed: a guess for the exchange.
        std::uint64_t seen = word_.load(base::relaxed);
        for (;;) {
            if ((seen & completed) != 0) return wake_result::already;
            const bool owned = (seen & claimed) != 0;
            const std::uint64_t next = seen | also | (owned ? notified : claimed);
            // Pairs with begin_run and end_pending: release even when the bit is set already, so that what this
            // waker wrote is visible to the next poll; acquire, so that a claimed body is seen as its last poll
            // left it.
            if (word_.compare_exchange_weak(seen, next, base::acq_rel, base::relaxed))
                return owned ? wake_result::already : wake_result::schedule;
        }
    }

    // Bits above. Written by wakers (claimed, notified, cancelling), the owner of the body (claimed, notified,
    // completed, join_over), the handle (joining) and all holders of references (the count); read by all.
    base::atomic<std::uint64_t> word_;
};

}  // namespace bifilar::detail
