// The wheel of timer_queue: where a timer lies, when a slot is due, and what happens to its timers then.
#include <bifilar/time/detail/timer_queue.hpp>

#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <bit>
#include <memory>
#include <mutex>

namespace bifilar::detail {

// Up, because a timer is never early. What never comes lies behind the last tick, in a slot that begins there.
std::uint64_t timer_queue::ticks_up(base::instant_ns moment) const noexcept {
    if (moment == base::never) return (static_cast<std::uint64_t>(base::never) >> tick_bits_) + 1;
    const auto ns = static_cast<std::uint64_t>(std::max<base::instant_ns>(moment, 0));
    const std::uint64_t whole = ns >> tick_bits_;
    return whole + (whole << tick_bits_ != ns ? 1 : 0);
}

std::uint64_t timer_queue::ticks_down(base::instant_ns moment) const noexcept {
    return static_cast<std::uint64_t>(std::max<base::instant_ns>(moment, 0)) >> tick_bits_;
}

base::instant_ns timer_queue::moment_of(std::uint64_t ticks) const noexcept {
    const std::uint64_t last = static_cast<std::uint64_t>(base::never) >> tick_bits_;
    return ticks > last ? base::never : static_cast<base::instant_ns>(ticks << tick_bits_);
}

timer_queue::~timer_queue() {
    BIFILAR_CHECK(moving_.empty() && next_slot().slot == nowhere,
                  "a thread ended while timers of its futures still wait; destroy the futures first");
}

void timer_queue::insert(timer_node& node, base::instant_ns deadline, base::instant_ns now, context& cx) noexcept {
    node.waker_ = cx.borrow();
    node.due_ticks_ = ticks_up(deadline);
    const std::lock_guard guard{lock_};
    // Relaxed, both: under the lock. Nothing was due until now, so the wheel may stand there; that keeps timers low.
    if (now < earliest_.load(base::relaxed)) elapsed_ticks_ = std::max(elapsed_ticks_, ticks_down(now));
    // Relaxed: published by the lock; `waiting` alone tells nobody anything.
    node.place_.store(timer_node::place::waiting, base::relaxed);
    place(node);
    publish();
}

bool timer_queue::renew(timer_node& node, context& cx) noexcept {
    const waker_ref mine = cx.borrow();
    const std::lock_guard guard{lock_};
    // Relaxed: under the lock.
    if (node.where(base::relaxed) != timer_node::place::waiting) return false;
    node.waker_ = mine;
    return true;
}

bool timer_queue::remove(timer_node& node) noexcept {
    // `fired` is final, and the queue may be gone with its thread by then. A fresh node was never shared.
    const timer_node::place at = node.where();
    if (at != timer_node::place::waiting) return at == timer_node::place::fired;
    const std::lock_guard guard{lock_};
    if (node.where(base::relaxed) == timer_node::place::fired) return true;  // Relaxed: under the lock.
    list::erase(node);
    if (node.slot_ == nowhere) {
        publish();
    } else if (slots_[node.slot_].empty()) {
        // For a timer that is being moved the bit is clear already: its slot stays empty until the move is over.
        note_empty(node.slot_);
        publish();
    }
    node.place_.store(timer_node::place::fresh, base::relaxed);  // Relaxed: the caller itself reads it next.
    return false;
}

base::instant_ns timer_queue::next_deadline() noexcept {
    // Relaxed: see earliest_.
    return earliest_.load(base::relaxed);
}

base::instant_ns timer_queue::next_shared_deadline() noexcept {
    constexpr unsigned slots_shared = busy_timer_tick_ns / timer_tick_ns;
    const std::lock_guard guard{lock_};
    const upcoming next = next_slot();
    // Relaxed: under the lock.
    if (!moving_.empty() || next.slot >= slots_a_level) return earliest_.load(base::relaxed);
    const unsigned last = next.slot | (slots_shared - 1);
    // The bits of the slots up to that one; there is one at least.
    const std::uint64_t used = used_[0] << (slots_a_level - 1 - last);
    return moment_of(next.start_ticks + (last - static_cast<unsigned>(std::countl_zero(used)) - next.slot));
}

void timer_queue::fire(base::instant_ns now) noexcept {
    const std::uint64_t now_ticks = ticks_down(now);
    for (bool more = true; more;) {
        wake_batch batch;  // Outlives the guard: the lock is free when the wakes go out.
        const std::lock_guard guard{lock_};
        // In portions, so that those who insert or remove timers meanwhile do not wait for long.
        for (int count = 0; count < moves_per_hold && more; ++count) {
            if (timer_node* const node = moving_.take_front()) {
                // From a slot of a higher level, and not due yet: it goes into a lower one.
                if (node->due_ticks_ > elapsed_ticks_) {
                    place(*node);
                    continue;
                }
                if (delays_ != nullptr) delays_->add(now - moment_of(node->due_ticks_));
                batch.claim(node->waker_);
                // Pairs with where; the claim comes first, because the owner may end as soon as it sees this.
                node->place_.store(timer_node::place::fired, base::release);
                continue;
            }
            const upcoming next = next_slot();
            more = next.slot != nowhere && next.start_ticks <= now_ticks;
            // To the slot's beginning, no further: seen from there its timers are due, or belong to a lower level.
            elapsed_ticks_ = more ? next.start_ticks : std::max(elapsed_ticks_, now_ticks);
            if (!more) break;
            note_empty(next.slot);
            moving_.splice(slots_[next.slot]);
        }
        publish();
    }
}

void timer_queue::place(timer_node& node) noexcept {
    if (node.due_ticks_ <= elapsed_ticks_) {
        node.slot_ = nowhere;
        moving_.push_back(node);
        return;
    }
    // The two differ here, for the timer is not due.
    const unsigned highest = 63U - static_cast<unsigned>(std::countl_zero(node.due_ticks_ ^ elapsed_ticks_));
    const unsigned level = highest / bits_a_level;
    const unsigned digit = (node.due_ticks_ >> (level * bits_a_level)) % slots_a_level;
    node.slot_ = static_cast<std::uint16_t>(level * slots_a_level + digit);
    used_[level] |= std::uint64_t{1} << digit;
    used_levels_ |= 1U << level;
    slots_[node.slot_].push_back(node);
}

void timer_queue::note_empty(unsigned slot) noexcept {
    std::uint64_t& level = used_[slot / slots_a_level];
    level &= ~(std::uint64_t{1} << slot % slots_a_level);
    if (level == 0) used_levels_ &= ~(1U << slot / slots_a_level);
}

timer_queue::upcoming timer_queue::next_slot() const noexcept {
    upcoming found;
    if (used_levels_ == 0) return found;
    // The lowest level comes first, and in it the lowest slot; see the levels in the header.
    const auto level = static_cast<unsigned>(std::countr_zero(used_levels_));
    const auto digit = static_cast<unsigned>(std::countr_zero(used_[level]));
    const unsigned shift = level * bits_a_level;
    const std::uint64_t above = elapsed_ticks_ >> shift >> bits_a_level << bits_a_level;
    found.slot = static_cast<std::uint16_t>(level * slots_a_level + digit);
    found.start_ticks = (above | digit) << shift;
    return found;
}

void timer_queue::publish() noexcept {
    base::instant_ns earliest = base::never;
    if (!moving_.empty())
        // Timers that are out of their slots wait for nothing but fire().
        earliest = 0;
    else if (const upcoming next = next_slot(); next.slot != nowhere)
        earliest = moment_of(next.start_ticks);
    earliest_.store(earliest, base::relaxed);  // Relaxed: see earliest_.
}

namespace {

// A plain thread's timers. Uninstalled before they go.
class plain_thread_timers {
public:
    plain_thread_timers() noexcept { this_thread().timers = &queue_; }
    plain_thread_timers(const plain_thread_timers&) = delete;
    plain_thread_timers& operator=(const plain_thread_timers&) = delete;
    ~plain_thread_timers() {
        this_thread().timers = nullptr;
        this_thread().ends = true;
    }

    timer_queue& queue() noexcept { return queue_; }

private:
    timer_queue queue_;
};

}  // namespace

timer_queue& this_thread_timers() {
    if (timer_source* const installed = this_thread().timers) return static_cast<timer_queue&>(*installed);
    // The thread's own have been destroyed: for destructors that still wait there are others, which nobody frees.
    if (this_thread().ends) return (new plain_thread_timers)->queue();
    // On the heap: 11 KB of each thread's static storage would keep plug-ins that use the library from being loaded.
    thread_local const std::unique_ptr<plain_thread_timers> own = std::make_unique<plain_thread_timers>();
    return own->queue();
}

}  // namespace bifilar::detail
