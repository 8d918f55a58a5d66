// Which workers sleep, and how many look for work: who is woken when work appears, for any number of workers.
// A bitmap with one 64-bit word per 64 workers, found by counting trailing zeros, and a pair of counts.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

namespace bifilar::sched {

/// The protocol that loses no work. A pusher makes a task visible and then, with a full fence between, looks at the
/// counts: is somebody searching, or is nobody idle, it leaves; otherwise it claims an idle worker and wakes it as a
/// searcher. A worker that goes to sleep first enters the set, one full fence, and then looks at all queues once
/// more. So either the pusher sees the worker or the worker sees the task. A searcher that gives up leaves the count
/// the same way. The last searcher that finds work looks at all queues once more, after a full fence, and wakes another
/// when there is more, because pushers relied on it meanwhile.
///
/// The fences alone give that order: a pusher's look at the counts comes before or after the change of the counts that
/// the other makes before its fence, so one fence comes before the other. No update here needs an order for that.
class idle_set {
public:
    explicit idle_set(std::uint32_t workers) : workers_{workers}, words_((workers + 63) / 64) {}
    idle_set(const idle_set&) = delete;
    idle_set& operator=(const idle_set&) = delete;

    /// A worker wants to look for work elsewhere. At most half of all may at a time.
    [[nodiscard]] bool start_search() noexcept {
        // Relaxed: the limit is a matter of economy.
        if (2 * searching_of(counts_.load(base::relaxed)) >= workers_) return false;
        // Relaxed: pushers that see this rely on the look behind the fence at the end of the search; see above.
        counts_.fetch_add(one_searching, base::relaxed);
        return true;
    }

    /// The searcher found work. True when it was the last: it then looks for more, and wakes another for that.
    [[nodiscard]] bool end_search() noexcept {
        // Release: what this searcher has moved into its own queue is seen by the last one, behind that one's fence.
        return searching_of(counts_.fetch_sub(one_searching, base::release)) == 1;
    }

    /// The worker is about to sleep; a searcher stops searching by that. It then looks at all queues once more.
    void enter(std::uint32_t worker, bool searching) noexcept {
        // The bit comes before the count: who sees the count finds a bit. Relaxed, then release for the last look of
        // claim.
        word_of(worker).fetch_or(bit_of(worker), base::relaxed);
        counts_.fetch_add(searching ? one_idle - one_searching : one_idle, base::release);
    }

    /// The worker is awake again. True when somebody had claimed it meanwhile: it is a searcher then.
    [[nodiscard]] bool leave(std::uint32_t worker) noexcept {
        // Relaxed: no message. Whoever clears the bit also takes the worker off the count.
        if ((word_of(worker).fetch_and(~bit_of(worker), base::relaxed) & bit_of(worker)) == 0) return true;
        counts_.fetch_sub(one_idle, base::relaxed);
        return false;
    }

    /// Work appeared: the worker to wake, already counted as searching, unless somebody searches or nobody is idle.
    /// `fence_seq_cst` comes before this call, after the task became visible.
    [[nodiscard]] std::optional<std::uint32_t> claim() noexcept {
        for (;;) {
            // Relaxed behind the caller's fence; see above.
            std::uint64_t seen = counts_.load(base::relaxed);
            do {
                if (searching_of(seen) != 0 || idle_of(seen) == 0) return std::nullopt;
                // Relaxed: pushers that come later rely on the searcher that this makes, and on its fence.
            } while (
                !counts_.compare_exchange_weak(seen, seen + one_searching - one_idle, base::relaxed, base::relaxed));
            if (const auto worker = take_bit()) return worker;
            // The idle worker that was counted is just leaving by itself and will look for work without being told.
            // Acquire: pairs with enter; so that the look below sees the bit of each worker that is counted here.
            counts_.fetch_add(one_idle - one_searching, base::acquire);
            // But another pusher, or the last searcher, may have relied on the searcher that was counted here, and a
            // worker may have gone to sleep since: then it is this thread's to wake. Whoever is counted after this
            // change sees all that was pushed before, because the fence of the one who relied on it comes first.
            if (!any_bit()) return std::nullopt;
        }
    }

    /// One idle worker at a time watches what the others keep, so that a push need not wake any for that: whether this
    /// one does from now on, until it ends that. Relaxed, all three: what a push that saw it watch has queued is seen
    /// behind the heavy fence that comes after the end; see worker::nap_until.
    [[nodiscard]] bool begin_watch() noexcept { return !watched() && !watched_.exchange(true, base::relaxed); }
    void end_watch() noexcept { watched_.store(false, base::relaxed); }
    [[nodiscard]] bool watched() const noexcept { return watched_.load(base::relaxed); }

    /// Whether any sleeps or looks for work. A hint.
    [[nodiscard]] bool wants_work() const noexcept { return counts_.load(base::relaxed) != 0; }
    [[nodiscard]] std::uint32_t idle() const noexcept { return idle_of(counts_.load(base::relaxed)); }  // A hint.
    [[nodiscard]] std::uint32_t searching() const noexcept {
        return searching_of(counts_.load(base::relaxed));  // A hint.
    }

private:
    static constexpr std::uint64_t one_idle = 1;
    static constexpr std::uint64_t one_searching = std::uint64_t{1} << 32;

    static constexpr std::uint32_t idle_of(std::uint64_t counts) noexcept { return static_cast<std::uint32_t>(counts); }
    static constexpr std::uint32_t searching_of(std::uint64_t counts) noexcept {
        return static_cast<std::uint32_t>(counts >> 32);
    }
    static constexpr std::uint64_t bit_of(std::uint32_t worker) noexcept { return std::uint64_t{1} << (worker % 64); }
    base::atomic<std::uint64_t>& word_of(std::uint32_t worker) noexcept { return words_[worker / 64]; }

    [[nodiscard]] bool any_bit() const noexcept {
        // Relaxed: the acquire in claim shows the bits.
        return std::any_of(words_.begin(), words_.end(),
                           [](const auto& word) { return word.load(base::relaxed) != 0; });
    }

    std::optional<std::uint32_t> take_bit() noexcept {
        for (std::uint32_t index = 0; index < words_.size(); ++index) {
            // Relaxed: a guess for the removal below.
            std::uint64_t seen = words_[index].load(base::relaxed);
            while (seen != 0) {
                const std::uint64_t lowest = seen & (~seen + 1);
                // Relaxed: this thread or the worker in leave gets it; no message.
                const std::uint64_t before = words_[index].fetch_and(~lowest, base::relaxed);
                if ((before & lowest) != 0) return index * 64 + static_cast<std::uint32_t>(std::countr_zero(lowest));
                seen = before & ~lowest;
            }
        }
        return std::nullopt;
    }

    // Low half idle, high half searching. May be wrong by a worker that is between its two steps, never for long.
    alignas(base::cache_line_bytes) base::atomic<std::uint64_t> counts_{0};
    base::atomic<bool> watched_{false};  // A napping worker sets it and resets it; read by those who keep a task.
    std::uint32_t workers_;
    // Bit w % 64 of word w / 64: worker w sleeps or is about to. Set by the worker, cleared by it or by a claimer.
    std::vector<base::atomic<std::uint64_t>> words_;
};

}  // namespace bifilar::sched
