// The tasks that a worker's present run has queued: its owner puts in and takes out without a locked operation, and
// others may take from them what the owner does not come to.
//
// A deque whose owner may take from the middle as well. Positions count up; a task that is taken leaves a hole, and the
// end moves back over holes. A theft raises the limit, below which the owner owns nothing for certain, and has the
// kernel fence all threads. Who then finds a task below the limit claims its position by an exchange, be it the thief
// or the owner, so nobody waits for anybody: a thief that lost its processor holds up other thefts only.
//
// Why above the limit the owner needs no claim: it empties (or fills) a position and then looks at the limit. When it
// saw the old one, both came before the thief's fence, and the thief sees the position as the owner left it.
#pragma once

#include <bifilar/base/detail/asymmetric_fence.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace bifilar::sched {

/// Room for `Capacity` tasks, holes included; a power of two.
template <std::uint32_t Capacity>
class newest_tasks {
    static_assert(std::has_single_bit(Capacity));

public:
    newest_tasks() noexcept = default;
    /// Positions begin there, for tests of what happens when they wrap round.
    explicit newest_tasks(std::uint32_t first) noexcept : theft_{pack(first, first)}, tail_{first}, from_{first} {}
    newest_tasks(const newest_tasks&) = delete;
    newest_tasks& operator=(const newest_tasks&) = delete;

    /// Adds the newest. False when there is no room. What the owner reads of other workers next is not older than that
    /// a heavy fence of theirs has seen the task. Owner only.
    [[nodiscard]] bool push(detail::task_header& task) noexcept {
        // Pairs with the end of a theft; so that no position is filled again before the thief has emptied it.
        const std::uint64_t seen = theft_.load(base::acquire);
        std::uint32_t at = tail_.load(base::relaxed);  // Relaxed: the owner's own.
        // Below the limit a theft may be past the position already.
        if (is_below(at, limit_of(seen))) [[unlikely]]
            at = limit_of(seen);
        if (at - done_of(seen) >= Capacity) [[unlikely]]
            return false;
        // Relaxed: the task below publishes it.
        if (claimed(at).load(base::relaxed)) [[unlikely]]
            use_again(at, done_of(seen));
        // Pairs with steal; so that a thief sees the task as its last poll left it.
        slot(at).store(&task, base::release);
        tail_.store(at + 1, base::relaxed);  // Relaxed: thieves take it for a hint.
        base::light_fence();                 // Pairs with the heavy one of steal, and of worker::nap_until.
        if (is_below(at, limit_of(theft_.load(base::relaxed)))) [[unlikely]]
            return push_again(task, at);
        return true;
    }

    /// Takes the newest, or null. Owner only.
    detail::task_header* take_newest() noexcept {
        const std::uint32_t from = first();
        for (std::uint32_t at = tail_.load(base::relaxed); is_below(from, at);)  // Relaxed: the owner's own.
            if (detail::task_header* const task = take_at(--at)) return task;
        return nullptr;
    }

    /// Takes this task when it is here. Owner only. Looks at the newest first, and where the last one was taken.
    [[nodiscard]] bool take(const detail::task_header& task) noexcept {
        std::uint32_t at = tail_.load(base::relaxed) - 1;  // Relaxed: the owner's own.
        if (slot(at).load(base::relaxed) != &task && !find(task, at)) return false;
        beside_ = at + 1;
        return take_at(at) != nullptr;
    }

    /// Takes the older half of what is here, oldest first, and leaves the newest in any case unless `with_newest`;
    /// gives each to `put`. How many. Owner only.
    template <class Function>
    std::uint32_t take_half(bool with_newest, Function put) noexcept {
        const std::uint32_t size = this->size();
        return take_oldest(with_newest ? size - size / 2 : size / 2, with_newest, put);
    }

    /// The same with all but the newest. Owner only.
    template <class Function>
    std::uint32_t take_older(Function put) noexcept {
        return take_oldest(Capacity, false, put);
    }

    /// There is no room: takes the older half, as take_half does, and the holes there are used again, unless a theft is
    /// under way. Owner only.
    template <class Function>
    void make_room(Function put) noexcept {
        (void)take_half(false, put);
        std::uint64_t seen = theft_.load(base::relaxed);  // Relaxed, twice: a guess, and the owner's own.
        const std::uint32_t from = from_.load(base::relaxed);
        if (done_of(seen) != limit_of(seen) || !is_below(limit_of(seen), from)) return;
        // So that no theft claims holes that are filled again. Relaxed: a thief looks behind its heavy fence, and push
        // acquires what the last theft has released, which an exchange hands on.
        (void)theft_.compare_exchange_strong(seen, pack(from, from), base::relaxed, base::relaxed);
    }

    /// Takes the older half (rounded up) of what is here, at most `most`, and gives each to `take`, oldest first. How
    /// many. Takes nothing where another theft is under way. Microseconds: the kernel fences all threads of the
    /// process. Any thread but the owner.
    template <class Function>
    std::uint32_t steal(std::uint32_t most, Function take) noexcept {
        if (most == 0) return 0;
        std::uint64_t seen = theft_.load(base::relaxed);  // Relaxed, twice: a guess for the exchange.
        const std::uint32_t from = limit_of(seen);
        const std::uint32_t tail = tail_.load(base::relaxed);
        if (done_of(seen) != from || !is_below(from, tail)) return 0;
        const std::uint32_t to = from + std::min(most, (tail - from) - (tail - from) / 2);
        // Pairs with the end of an earlier theft, which this one hands on to push.
        if (!theft_.compare_exchange_strong(seen, pack(from, to), base::acquire, base::relaxed)) return 0;
        // Pairs with the light ones in push and take_at. Where the kernel has refused it, nothing was claimed here.
        if (!base::heavy_fence()) {
            theft_.store(pack(from, from), base::release);
            return 0;
        }
        std::uint32_t count = 0;
        for (std::uint32_t at = from; at != to; ++at) {
            detail::task_header* const task = slot(at).load(base::acquire);  // Pairs with push.
            if (task == nullptr || !claim(at)) continue;
            slot(at).store(nullptr, base::relaxed);  // Relaxed: the end below publishes it.
            take(*task);
            ++count;
        }
        theft_.store(pack(to, to), base::release);  // Pairs with push.
        return count;
    }

    /// Where take looks first: for whoever takes others in between. Owner only.
    [[nodiscard]] std::uint32_t looks_first() const noexcept { return beside_; }
    void look_first(std::uint32_t at) noexcept { beside_ = at; }

    /// How many there are at most, holes included. Exact for the owner where there are none; a guess for others.
    [[nodiscard]] std::uint32_t size() const noexcept {
        const std::uint32_t from = first();
        const std::uint32_t tail = tail_.load(base::relaxed);  // Relaxed: see above.
        return is_below(from, tail) ? tail - from : 0;
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// Changes with most pushes. Any thread.
    [[nodiscard]] std::uint32_t mark() const noexcept { return tail_.load(base::relaxed); }  // Relaxed: a hint.

private:
    static constexpr std::uint64_t pack(std::uint32_t done, std::uint32_t limit) noexcept {
        return static_cast<std::uint64_t>(done) << 32 | limit;
    }
    static constexpr std::uint32_t done_of(std::uint64_t theft) noexcept {
        return static_cast<std::uint32_t>(theft >> 32);
    }
    static constexpr std::uint32_t limit_of(std::uint64_t theft) noexcept { return static_cast<std::uint32_t>(theft); }
    // Positions wrap round; those that are compared are near each other.
    static constexpr bool is_below(std::uint32_t one, std::uint32_t other) noexcept {
        return static_cast<std::int32_t>(one - other) < 0;
    }
    static constexpr std::uint32_t later(std::uint32_t one, std::uint32_t other) noexcept {
        return is_below(one, other) ? other : one;
    }

    base::atomic<detail::task_header*>& slot(std::uint32_t at) noexcept { return slots_[at & (Capacity - 1)]; }
    base::atomic<bool>& claimed(std::uint32_t at) noexcept { return claimed_[at & (Capacity - 1)]; }
    // Relaxed: one of the two gets it, and the task itself was published by the slot.
    bool claim(std::uint32_t at) noexcept { return !claimed(at).exchange(true, base::relaxed); }

    // A position that was claimed. Relaxed, all: the owner's own, and hints for others.
    [[gnu::noinline]] void use_again(std::uint32_t at, std::uint32_t done) noexcept {
        claimed(at).store(false, base::relaxed);
        // Thefts alone may have brought the positions here, and those that are compared must be near each other.
        if (is_below(from_.load(base::relaxed), done)) from_.store(done, base::relaxed);
    }

    // Where the owner's tasks may begin, those that a theft under way has not claimed included.
    [[nodiscard]] std::uint32_t first() const noexcept {
        return later(done_of(theft_.load(base::relaxed)), from_.load(base::relaxed));  // Relaxed: see size.
    }

    // A theft has begun meanwhile that may not have seen the task.
    [[gnu::noinline, gnu::cold]] bool push_again(detail::task_header& task, std::uint32_t at) noexcept {
        return take_at(at) == nullptr || push(task);
    }

    // Not the newest. Relaxed, all here: the owner's own, but for what a thief empties meanwhile; the claim decides.
    [[gnu::noinline]] bool find(const detail::task_header& task, std::uint32_t& at) noexcept {
        const std::uint32_t from = first();
        const std::uint32_t tail = tail_.load(base::relaxed);
        if (!is_below(from, tail)) return false;
        at = beside_;
        if (at - from < tail - from && slot(at).load(base::relaxed) == &task) return true;
        for (at = tail - 1; at != from;)
            if (slot(--at).load(base::relaxed) == &task) return true;
        return false;
    }

    detail::task_header* take_at(std::uint32_t at) noexcept {
        detail::task_header* task =
            slot(at).load(base::relaxed);  // Relaxed, all here: the owner's own, but for the limit.
        if (task != nullptr) {
            slot(at).store(nullptr, base::relaxed);
            base::light_fence();  // Pairs with the heavy one of steal.
            if (is_below(at, limit_of(theft_.load(base::relaxed))) && !claim(at)) [[unlikely]]
                task = nullptr;
        }
        if (at + 1 == tail_.load(base::relaxed)) {
            tail_.store(at, base::relaxed);
            if (at != from_.load(base::relaxed) && slot(at - 1).load(base::relaxed) == nullptr) lower_tail(at);
        }
        return task;
    }

    // Over the holes at the end, and not below from_. Relaxed, all: the owner's own, and hints for others.
    [[gnu::noinline]] void lower_tail(std::uint32_t to) noexcept {
        const std::uint32_t from = first();
        while (is_below(from, to) && slot(to - 1).load(base::relaxed) == nullptr) --to;
        tail_.store(to, base::relaxed);
    }

    template <class Function>
    std::uint32_t take_oldest(std::uint32_t most, bool with_newest, Function put) noexcept {
        std::uint32_t count = 0;
        std::uint32_t at = first();
        // Relaxed: the owner's own.
        while (count < most && is_below(at + (with_newest ? 0 : 1), tail_.load(base::relaxed))) {
            detail::task_header* const task = take_at(at);
            ++at;
            if (task == nullptr) continue;
            put(*task);
            ++count;
        }
        // Relaxed: the owner's own, and a hint for others.
        if (!is_below(tail_.load(base::relaxed), at)) from_.store(at, base::relaxed);
        return count;
    }

    // High half: up to where thefts have ended. Low half: up to where they may take; equal when none is under way.
    // Written by the one thief at work, and by the owner when there is none; read by all.
    alignas(base::cache_line_bytes) base::atomic<std::uint64_t> theft_{0};
    // One past the newest task. Written by the owner, read by all.
    alignas(base::cache_line_bytes) base::atomic<std::uint32_t> tail_{0};
    // There are holes alone below; not above the tail. Written by the owner, read by those who ask for the size.
    base::atomic<std::uint32_t> from_{0};
    std::uint32_t beside_ = 0;  // Behind the last one that was taken by name.
    // The tasks; null: a hole. Filled by the owner, emptied by it, or by a thief that claimed the position.
    std::array<base::atomic<detail::task_header*>, Capacity> slots_{};
    // Whether owner or thief has claimed a position below the limit. Set by either, reset by the owner when it fills
    // the position again.
    std::array<base::atomic<bool>, Capacity> claimed_{};
};

}  // namespace bifilar::sched
