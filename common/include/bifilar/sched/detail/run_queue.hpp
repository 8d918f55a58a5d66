// A worker's own queue: a ring that its owner fills and that anybody may empty by halves. First in, first out.
// Shape after Go's and Tokio's rings: a packed head of two indices, "real" where the next task is taken and "steal"
// where an unfinished theft still reads. Indices are 32 bits wide, so they cannot wrap round under a stalled thief.
//
// A full ring grows: its owner copies what is queued into one of twice the size and goes on there. A thief looks for
// the ring after its claim, so that it finds what it has claimed in the one that it sees, the old one or the new one.
// The old ones go when no theft is under way that may have seen them.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/base/detail/pages.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/base/detail/prefetch.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace bifilar::sched {

/// Ready tasks of one worker.
class run_queue {
public:
    /// Room for `capacity` tasks, a power of two from 2 on, and up to `max_slots` of them once it has grown. One theft
    /// moves at most `max_stolen`: from 1 to half of `capacity`; 0 is that half. Throws std::bad_alloc.
    explicit run_queue(std::uint32_t capacity, std::uint32_t max_stolen = 0, std::uint32_t max_slots = 0)
        : first_capacity_{capacity},
          max_stolen_{max_stolen == 0 ? capacity / 2 : max_stolen},
          max_slots_{std::max(capacity, max_slots)} {
        BIFILAR_ASSERT(std::has_single_bit(capacity) && std::has_single_bit(max_slots_) && capacity >= 2 &&
                           max_stolen_ <= capacity / 2,
                       "a ring of so many slots cannot be; check its tuning first");
        if (!move_to(ring::make(capacity), 0)) throw std::bad_alloc{};
    }
    run_queue(const run_queue&) = delete;
    run_queue& operator=(const run_queue&) = delete;
    ~run_queue() {
        ring::free(ring_.load(base::relaxed));  // Relaxed: as all in a destructor.
        free_all(retired_);
    }

    /// Adds at the end. False when the ring is full. Owner only.
    [[nodiscard]] bool push(detail::task_header& task) noexcept {
        // Relaxed: only the owner writes the tail.
        const std::uint32_t tail = tail_.load(base::relaxed);
        // Pairs with finish of steal_into; so that a slot is not overwritten before the thief has read it.
        const std::uint64_t head = head_.load(base::acquire);
        if (tail - steal_of(head) > mask_) return false;
        put(tail, task);
        return true;
    }

    /// Makes room in a full ring by twice the slots. False when it has as many as it may have, there is no memory, or a
    /// theft is under way: its thief may have lost its processor, and nobody else can steal until it has it again.
    /// Owner only.
    [[nodiscard]] bool grow() noexcept {
        if (capacity() >= max_slots_) return false;
        free_retired();
        // Relaxed: nothing is written where a thief reads; what has been read is given back by free_retired alone.
        const std::uint64_t head = head_.load(base::relaxed);
        if (steal_of(head) != real_of(head)) return false;
        // What a theft claims from here on comes along: its thief may see either ring.
        return move_to(ring::make(2 * capacity()), steal_of(head));
    }
    /// Whether shrink() has something to give back. Owner only.
    [[nodiscard]] bool has_grown() const noexcept { return capacity() != first_capacity_ || retired_ != nullptr; }

    /// Gives back what it has grown by, where it is empty. Owner only.
    void shrink() noexcept {
        // Relaxed, twice: as in grow, and the owner's own.
        const std::uint64_t head = head_.load(base::relaxed);
        const bool rests = steal_of(head) == real_of(head) && real_of(head) == tail_.load(base::relaxed);
        if (capacity() != first_capacity_ && rests) (void)move_to(ring::make(first_capacity_), real_of(head));
        free_retired();
    }

    /// Takes the oldest, or null. Owner only.
    detail::task_header* pop() noexcept {
        // Relaxed: a guess; the exchange decides. The owner itself wrote what it reads from the slots.
        std::uint64_t head = head_.load(base::relaxed);
        for (;;) {
            const std::uint32_t real = real_of(head);
            if (real == tail_.load(base::relaxed)) return nullptr;
            // Relaxed: one of owner and thief gets the task, which the owner itself has put there; push acquires before
            // it fills the slot again.
            if (head_.compare_exchange_weak(head, behind_oldest(head), base::relaxed, base::relaxed))
                return take_from(real);
        }
    }

    /// The same where nobody steals: a runtime of one worker. Owner only.
    detail::task_header* pop_alone() noexcept {
        // Relaxed throughout: one thread.
        const std::uint32_t real = real_of(head_.load(base::relaxed));
        if (real == tail_.load(base::relaxed)) return nullptr;
        head_.store(pack(real + 1, real + 1), base::relaxed);
        return take_from(real);
    }

    /// Takes this task when it is the oldest. `alone`: nobody steals. Owner only.
    [[nodiscard]] bool pop(const detail::task_header& task, bool alone) noexcept {
        // Relaxed: as in pop.
        std::uint64_t head = head_.load(base::relaxed);
        const std::uint32_t real = real_of(head);
        if (slot(real).load(base::relaxed) != &task || real == tail_.load(base::relaxed)) return false;
        if (alone) {
            head_.store(pack(real + 1, real + 1), base::relaxed);
            return true;
        }
        return head_.compare_exchange_strong(head, behind_oldest(head), base::relaxed, base::relaxed);
    }

    /// Takes half of a full ring out in one claim, a few thousand at most, and chains it through `next_`, oldest first.
    /// Returns the first task and sets `last` and `count`; null when a thief was faster. Owner only.
    detail::task_header* take_half(detail::task_header*& last, std::uint32_t& count) noexcept {
        constexpr std::uint32_t most = 4'096;
        std::uint64_t head = head_.load(base::relaxed);  // Relaxed, and the exchange: as in pop.
        const std::uint32_t real = real_of(head);
        // An unfinished theft makes room by itself in a moment: what it has claimed is full no more. Relaxed: own tail.
        if (tail_.load(base::relaxed) - real < capacity()) return nullptr;
        count = std::min(capacity() / 2, most);
        if (!head_.compare_exchange_strong(head, pack(real + count, real + count), base::relaxed, base::relaxed))
            return nullptr;
        detail::task_header* const first = slot(real).load(base::relaxed);  // Relaxed: written by this thread.
        last = first;
        for (std::uint32_t at = real + 1; at != real + count; ++at) {
            last->next_ = slot(at).load(base::relaxed);  // Relaxed: likewise.
            last = last->next_;
        }
        last->next_ = nullptr;
        return first;
    }

    /// Moves the older half (rounded up) of this ring, at most `max_stolen`, into `into`, the thief's own and empty
    /// ring that has at least as many slots at first, but for the newest of them, which is returned to be run at once.
    /// Null when there was nothing, or another thief was at work. `moved` counts all of them. Any thread that owns
    /// `into`.
    detail::task_header* steal_into(run_queue& into, std::uint32_t& moved) noexcept {
        moved = 0;
        // Relaxed: the thief owns its tail.
        const std::uint32_t to = into.tail_.load(base::relaxed);
        // Pairs with the finish of thefts from the thief; room for a whole half must be free.
        if (to - steal_of(into.head_.load(base::acquire)) > into.capacity() - max_stolen_) return nullptr;

        std::uint32_t first = 0;
        const std::uint32_t count = claim_half(first);
        if (count == 0) return nullptr;
        // Pairs with move_to. After the claim: which the owner waits for before it frees a ring.
        ring& from = *ring_.load(base::acquire);
        for (std::uint32_t n = 0; n + 1 < count; ++n)
            // Relaxed twice: the claim acquired what the owner wrote; the thief's tail below releases its copy.
            into.slot(to + n).store(from.slot(first + n).load(base::relaxed), base::relaxed);
        detail::task_header* const last =
            from.slot(first + count - 1).load(base::relaxed);  // Relaxed: acquired by the claim.
        finish_theft();
        // Pairs with claim_half by other thieves; so that they see the copied slots.
        if (count > 1) into.tail_.store(to + count - 1, base::release);
        moved = count;
        return last;
    }

    /// How many tasks there are. Exact for the owner while nobody steals, a guess for all others.
    [[nodiscard]] std::uint32_t size() const noexcept {
        // Relaxed, twice: who is about to sleep looks behind a fence, so the tail is not older than what others pushed
        // before theirs, and the head passes no task that is there; see idle_set.
        const std::uint32_t real = real_of(head_.load(base::relaxed));
        const std::uint32_t count = tail_.load(base::relaxed) - real;
        return count > more_than_all ? 0 : count;
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// At present. Owner only, as room().
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
    // While a theft is under way only `real` moves; the thief brings `steal` up to it.
    static constexpr std::uint64_t behind_oldest(std::uint64_t head) noexcept {
        const std::uint32_t real = real_of(head);
        return pack(steal_of(head) == real ? real + 1 : steal_of(head), real + 1);
    }

    // More than there can be.
    static constexpr std::uint32_t more_than_all = std::uint32_t{1} << 30;

    // The slots, and those of before that a thief may still read.
    struct ring {
        using slot_type = base::atomic<detail::task_header*>;

        static ring* make(std::uint32_t capacity) noexcept {
            void* const memory = base::map_pages(bytes_of(capacity));
            if (memory == nullptr) return nullptr;
            auto* const made = new (memory) ring;
            made->mask = capacity - 1;
            made->slots = reinterpret_cast<slot_type*>(made + 1);
            for (std::uint32_t at = 0; at != capacity; ++at) new (&made->slots[at]) slot_type{nullptr};
            return made;
        }
        static void free(ring* one) noexcept {
            const std::uint32_t capacity = one->mask + 1;
            std::destroy_n(one->slots, capacity);
            base::unmap_pages(one, bytes_of(capacity));
        }

        slot_type& slot(std::uint32_t index) const noexcept { return slots[index & mask]; }

        static constexpr std::size_t bytes_of(std::uint32_t capacity) noexcept {
            return sizeof(ring) + capacity * sizeof(slot_type);
        }

        std::uint32_t mask = 0;
        ring* older = nullptr;
        slot_type* slots = nullptr;  // Behind this.
    };

    // Owner only, from here to take_from.
    base::atomic<detail::task_header*>& slot(std::uint32_t index) noexcept { return slots_[index & mask_]; }

    // What is queued from `from` on moves into another ring. False where there is none.
    bool move_to(ring* made, std::uint32_t from) noexcept {
        if (made == nullptr) return false;
        ring* const before = ring_.load(base::relaxed);  // Relaxed, all here: the owner's own.
        const std::uint32_t tail = tail_.load(base::relaxed);
        for (std::uint32_t at = from; at != tail; ++at)
            made->slot(at).store(slot(at).load(base::relaxed), base::relaxed);
        mask_ = made->mask;
        slots_ = made->slots;
        // Pairs with steal_into; so that the copies are visible.
        ring_.store(made, base::release);
        if (before != nullptr) before->older = std::exchange(retired_, before);
        return true;
    }

    // A thief that claims after this exchange sees the present ring. Those before have read what they claimed.
    void free_retired() noexcept {
        if (retired_ == nullptr) return;
        std::uint64_t head = head_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        if (steal_of(head) != real_of(head)) return;
        // Pairs with the claim in steal_into, and with finish_theft.
        if (head_.compare_exchange_strong(head, head, base::acq_rel, base::relaxed))
            free_all(std::exchange(retired_, nullptr));
    }
    static void free_all(ring* first) noexcept {
        while (first != nullptr) ring::free(std::exchange(first, first->older));
    }

    detail::task_header* take_from(std::uint32_t index) noexcept {
        // Where many are queued, the next ones have left the cache. Relaxed, all: the owner's own.
        constexpr std::uint32_t many = 64;
        constexpr std::size_t header_bytes = 192;
        if (tail_.load(base::relaxed) - index > many) base::prefetch(slot(index + 4).load(base::relaxed), header_bytes);
        return slot(index).load(base::relaxed);
    }

    void put(std::uint32_t tail, detail::task_header& task) noexcept {
        // Relaxed: the tail below publishes it.
        slot(tail).store(&task, base::relaxed);
        // Pairs with claim_half; so that a thief sees the slot and the task behind it.
        tail_.store(tail + 1, base::release);
    }

    // Advances `real` past the older half and leaves `steal` behind, which keeps owner and thieves off the slots.
    std::uint32_t claim_half(std::uint32_t& first) noexcept {
        // Relaxed: a guess for the exchange.
        std::uint64_t head = head_.load(base::relaxed);
        for (;;) {
            const std::uint32_t real = real_of(head);
            if (steal_of(head) != real) return 0;
            // Pairs with put; so that the slots up to the tail are visible.
            const std::uint32_t ready = tail_.load(base::acquire) - real;
            // A stale head beside a fresh tail may look longer than any ring; the exchange below would refuse it.
            if (ready == 0 || ready > more_than_all) return 0;
            const std::uint32_t half = ready - ready / 2;
            const std::uint32_t count = half < max_stolen_ ? half : max_stolen_;
            // Pairs with free_retired; so that the thief sees a ring that is not freed under it.
            if (head_.compare_exchange_weak(head, pack(real, real + count), base::acquire, base::relaxed)) {
                first = real;
                return count;
            }
        }
    }

    void finish_theft() noexcept {
        // Relaxed: a guess for the exchange; only the owner's `real` can have moved.
        std::uint64_t head = head_.load(base::relaxed);
        // Pairs with push, and with free_retired; so that the owner uses the slots again, or frees the ring, only after
        // they were read. All others change the head by exchanges too, which hand that on.
        while (!head_.compare_exchange_weak(head, pack(real_of(head), real_of(head)), base::release, base::relaxed)) {
        }
    }

    // High half `steal`, low half `real`; equal when no theft is under way. Written by the owner (real) and by the
    // one thief at work (both); read by all.
    alignas(base::cache_line_bytes) base::atomic<std::uint64_t> head_{0};
    // One past the newest task. Written by the owner, read by all.
    alignas(base::cache_line_bytes) base::atomic<std::uint32_t> tail_{0};
    // Beside the tail, because whoever puts needs both. The owner's own view of the ring.
    base::plain<std::uint32_t> mask_{0};  // Capacity - 1.
    base::plain<base::atomic<detail::task_header*>*> slots_{nullptr};
    base::plain<ring*> retired_{nullptr};
    const std::uint32_t first_capacity_;
    const std::uint32_t max_stolen_;
    const std::uint32_t max_slots_;
    // Its slots are written by the owner between `real` and `steal + capacity`, and read by whoever claimed the index.
    // Itself written by the owner, read by thieves.
    base::atomic<ring*> ring_{nullptr};
};

}  // namespace bifilar::sched
