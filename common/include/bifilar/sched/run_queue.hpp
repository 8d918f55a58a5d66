// A worker's own queue: a fixed ring that its owner fills and that anybody may empty by halves. First in, first out.
// Shape after Go's and Tokio's rings: a packed head of two indices, "real" where the next task is taken and "steal"
// where an unfinished theft still reads. Indices are 32 bits wide, so they cannot wrap round under a stalled thief.
#pragma once

#include <bifilar/base/assert.hpp>
#include <bifilar/base/atomic.hpp>
#include <bifilar/base/cache_line.hpp>
#include <bifilar/core/task_header.hpp>
#include <bit>
#include <cstdint>
#include <vector>

namespace bifilar::sched {

/// Ready tasks of one worker.
class run_queue {
public:
    /// Room for `capacity` tasks, a power of two from 2 on, of which one theft moves at most `most_stolen`: from 1 to
    /// half of them; 0 is that half. Throws std::bad_alloc.
    explicit run_queue(std::uint32_t capacity, std::uint32_t most_stolen = 0)
        : mask_{capacity - 1}, most_stolen_{most_stolen == 0 ? capacity / 2 : most_stolen}, slots_(capacity) {
        BIFILAR_ASSERT(std::has_single_bit(capacity) && capacity >= 2 && most_stolen_ <= capacity / 2,
                       "a ring of so many slots cannot be; check its tuning first");
    }
    run_queue(const run_queue&) = delete;
    run_queue& operator=(const run_queue&) = delete;

    /// Adds at the end. False when the ring is full. Owner only.
    [[nodiscard]] bool push(task_header& task) noexcept {
        // Relaxed: only the owner writes the tail.
        const std::uint32_t tail = tail_.load(base::relaxed);
        // Pairs with finish of steal_into; so that a slot is not overwritten before the thief has read it.
        const std::uint64_t head = head_.load(base::acquire);
        if (tail - steal_of(head) > mask_) return false;
        put(tail, task);
        return true;
    }

    /// Takes the oldest, or null. Owner only.
    task_header* pop() noexcept {
        // Relaxed: a guess; the exchange decides. The owner itself wrote what it reads from the slots.
        std::uint64_t head = head_.load(base::relaxed);
        for (;;) {
            const std::uint32_t real = real_of(head);
            if (real == tail_.load(base::relaxed)) return nullptr;
            // While a theft is under way only `real` moves; the thief brings `steal` up to it.
            const std::uint32_t steal = steal_of(head) == real ? real + 1 : steal_of(head);
            // Pairs with the claim in steal_into; so that one of owner and thief gets the task.
            if (head_.compare_exchange_weak(head, pack(steal, real + 1), base::acq_rel, base::relaxed))
                return slot(real).load(base::relaxed);  // Relaxed: written by this thread.
        }
    }

    /// The same where nobody steals: a runtime of one worker. Owner only.
    task_header* pop_alone() noexcept {
        // Relaxed throughout: one thread.
        const std::uint32_t real = real_of(head_.load(base::relaxed));
        if (real == tail_.load(base::relaxed)) return nullptr;
        head_.store(pack(real + 1, real + 1), base::relaxed);
        return slot(real).load(base::relaxed);
    }

    /// Takes half of a full ring out in one claim and chains it through `next_`, oldest first. Returns the first
    /// task and sets `last`; null when a thief was faster. Owner only.
    task_header* take_half(task_header*& last) noexcept {
        std::uint64_t head = head_.load(base::acquire);  // Pairs with steal_into, as in push.
        const std::uint32_t real = real_of(head);
        // An unfinished theft makes room by itself in a moment.
        if (steal_of(head) != real) return nullptr;
        if (tail_.load(base::relaxed) - real < capacity()) return nullptr;  // Relaxed: own tail.
        const std::uint32_t count = capacity() / 2;
        // Pairs with the claim in steal_into; so that these slots belong to this thread alone.
        if (!head_.compare_exchange_strong(head, pack(real + count, real + count), base::acq_rel, base::relaxed))
            return nullptr;
        task_header* const first = slot(real).load(base::relaxed);  // Relaxed: written by this thread.
        last = first;
        for (std::uint32_t at = real + 1; at != real + count; ++at) {
            last->next_ = slot(at).load(base::relaxed);  // Relaxed: likewise.
            last = last->next_;
        }
        last->next_ = nullptr;
        return first;
    }

    /// Moves the older half (rounded up) of this ring, at most `most_stolen`, into `into`, the thief's own and empty
    /// ring of the same capacity, but for the newest of them, which is returned to be run at once. Null when there was
    /// nothing, or another thief was at work. `moved` counts all of them. Any thread that owns `into`.
    task_header* steal_into(run_queue& into, std::uint32_t& moved) noexcept {
        moved = 0;
        // Relaxed: the thief owns its tail.
        const std::uint32_t to = into.tail_.load(base::relaxed);
        // Pairs with the finish of thefts from the thief; room for a whole half must be free.
        if (to - steal_of(into.head_.load(base::acquire)) > capacity() - most_stolen_) return nullptr;

        std::uint32_t first = 0;
        const std::uint32_t count = claim_half(first);
        if (count == 0) return nullptr;
        for (std::uint32_t n = 0; n + 1 < count; ++n)
            // Relaxed twice: the claim acquired what the owner wrote; the thief's tail below releases its copy.
            into.slot(to + n).store(slot(first + n).load(base::relaxed), base::relaxed);
        task_header* const last = slot(first + count - 1).load(base::relaxed);  // Relaxed: acquired by the claim.
        finish_theft();
        // Pairs with claim_half by other thieves; so that they see the copied slots.
        if (count > 1) into.tail_.store(to + count - 1, base::release);
        moved = count;
        return last;
    }

    /// How many tasks there are. Exact for the owner while nobody steals, a guess for all others.
    [[nodiscard]] std::uint32_t size() const noexcept {
        // Acquire: searchers look at this after they announced themselves; see idle_set.
        const std::uint32_t real = real_of(head_.load(base::acquire));
        const std::uint32_t count = tail_.load(base::acquire) - real;
        return count > capacity() ? 0 : count;
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return mask_ + 1; }
    /// How many more there is room for; as exact as size.
    [[nodiscard]] std::uint32_t room() const noexcept { return capacity() - size(); }

private:
    static constexpr std::uint64_t pack(std::uint32_t steal, std::uint32_t real) noexcept {
        return static_cast<std::uint64_t>(steal) << 32 | real;
    }
    static constexpr std::uint32_t steal_of(std::uint64_t head) noexcept {
        return static_cast<std::uint32_t>(head >> 32);
    }
    static constexpr std::uint32_t real_of(std::uint64_t head) noexcept { return static_cast<std::uint32_t>(head); }

    base::atomic<task_header*>& slot(std::uint32_t index) noexcept { return slots_[index & mask_]; }

    void put(std::uint32_t tail, task_header& task) noexcept {
        // Relaxed: the tail below publishes it.
        slot(tail).store(&task, base::relaxed);
        // Pairs with claim_half; so that a thief sees the slot and the task behind it.
        tail_.store(tail + 1, base::release);
    }

    // Advances `real` past the older half and leaves `steal` behind, which keeps owner and thieves off the slots.
    std::uint32_t claim_half(std::uint32_t& first) noexcept {
        // Pairs with finish_theft; so that two thefts do not overlap.
        std::uint64_t head = head_.load(base::acquire);
        for (;;) {
            const std::uint32_t real = real_of(head);
            if (steal_of(head) != real) return 0;
            // Pairs with put; so that the slots up to the tail are visible.
            const std::uint32_t ready = tail_.load(base::acquire) - real;
            // A stale head beside a fresh tail may look longer than the ring; the exchange below would refuse it.
            if (ready == 0 || ready > capacity()) return 0;
            const std::uint32_t half = ready - ready / 2;
            const std::uint32_t count = half < most_stolen_ ? half : most_stolen_;
            // Pairs with pop; so that owner and thief never take the same slot.
            if (head_.compare_exchange_weak(head, pack(real, real + count), base::acq_rel, base::acquire)) {
                first = real;
                return count;
            }
        }
    }

    void finish_theft() noexcept {
        // Relaxed: a guess for the exchange; only the owner's `real` can have moved.
        std::uint64_t head = head_.load(base::relaxed);
        // Pairs with push; so that the owner reuses the slots only after they were read.
        while (!head_.compare_exchange_weak(head, pack(real_of(head), real_of(head)), base::acq_rel, base::relaxed)) {
        }
    }

    // High half `steal`, low half `real`; equal when no theft is under way. Written by the owner (real) and by the
    // one thief at work (both); read by all.
    alignas(base::cache_line_bytes) base::atomic<std::uint64_t> head_{0};
    // One past the newest task. Written by the owner, read by all.
    alignas(base::cache_line_bytes) base::atomic<std::uint32_t> tail_{0};
    // Beside the tail, because whoever puts or steals needs both.
    const std::uint32_t mask_;  // Capacity - 1.
    const std::uint32_t most_stolen_;
    // Written by the owner between `real` and `steal + capacity`, read by whoever claimed the index.
    std::vector<base::atomic<task_header*>> slots_;
};

}  // namespace bifilar::sched
