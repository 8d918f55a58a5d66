// Threads that stand still, each in its signal handler, as long as another one looks: the protocol of worker_freeze
// without the signals.
//
// The turn is odd while threads are to stand, and even while they go on. A thread stands by writing the turn into its
// place, and until the turn is another.
//
//   thread that looks                      handler
//   -----------------                      -------
//   begin: turn even -> odd
//   asks each thread by a signal    --->   stand: reads the turn; even: leaves
//   waits until stands() of each    <---   its place: where it was, then the turn; news
//   looks
//   end: turn odd -> even           --->   leaves when the turn is another
//
// A handler that comes late finds an even turn, or the next odd one, for which it stands. One that was held up between
// its look at the turn and its place writes a turn that is over, which counts for nothing. The places may go when the
// turn is even and nobody is inside.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <cstdint>

namespace bifilar::sched {

/// `Sleep` waits for a change of a word and wakes who does: on(word, value, limit…), which may come back at any time,
/// and wake(word). Both are async-signal-safe.
template <class Sleep>
class standstill {
public:
    /// Of one thread.
    class place {
        // Handlers write it, and the thread that looks reads it, there alone.
        friend class standstill;
        base::plain<const void*> where_{nullptr};  // Valid for the turn below.
        // The turn for which the thread stands. Written by its handler, read by the thread that looks.
        base::atomic<std::uint32_t> turn_{0};
    };

    /// The thread that looks, one at a time: all are to stand from now on.
    void begin() noexcept {
        // Relaxed: this thread alone writes it. Pairs with stand; so that a handler that reads it sees the places.
        turn_.store(turn_.load(base::relaxed) + 1, base::release);
    }
    /// That thread: whether one stands. Then all that it did before is seen.
    [[nodiscard]] bool stands(const place& one) const noexcept {
        // Pairs with stand. Relaxed: as above.
        return one.turn_.load(base::acquire) == turn_.load(base::relaxed);
    }
    /// That thread: where it stands.
    [[nodiscard]] const void* where(const place& one) const noexcept { return one.where_; }
    /// That thread: they go on, and see what was done meanwhile.
    void end() noexcept {
        // Relaxed: as above. seq_cst: pairs with stand, for the places; and so that a thread that goes on sees all.
        turn_.store(turn_.load(base::relaxed) + 1, base::seq_cst);
        Sleep::wake(turn_);
    }
    /// That thread, behind end: whether no handler looks at the places any more.
    [[nodiscard]] bool nobody_inside() const noexcept { return inside_.load(base::seq_cst) == 0; }

    /// That thread, before it looks who stands: a number that changes with each that begins to.
    [[nodiscard]] std::uint32_t news() const noexcept { return news_.load(base::acquire); }  // Pairs with stand.
    /// That thread: sleeps while the number is the same, or as long as `limit` says.
    template <class... Limit>
    void await_news(std::uint32_t seen, const Limit&... limit) noexcept {
        Sleep::on(news_, seen, limit...);
    }

    /// A handler, on the thread that is to stand: stands if that is so. `own` finds the thread's place, or null.
    template <class Own>
    void stand(Own own, const void* where) noexcept {
        // seq_cst, both: pairs with end and nobody_inside: either that one sees this handler, or this one an even turn.
        inside_.fetch_add(1, base::seq_cst);
        const std::uint32_t turn = turn_.load(base::seq_cst);
        place* const mine = turn % 2 != 0 ? own() : nullptr;
        // Relaxed: this thread alone writes it. Of a handler that interrupts itself the outer one stands.
        if (mine != nullptr && mine->turn_.load(base::relaxed) != turn) {
            mine->where_ = where;
            mine->turn_.store(turn, base::release);  // Pairs with stands.
            news_.fetch_add(1, base::release);       // Pairs with news; so that who reads it sees the turn.
            Sleep::wake(news_);
            while (turn_.load(base::acquire) == turn) Sleep::on(turn_, turn);  // Pairs with end.
        }
        inside_.fetch_sub(1, base::release);  // Pairs with nobody_inside; so that the places go afterwards.
    }

private:
    // See above. Written by the thread that looks, read by handlers.
    base::atomic<std::uint32_t> turn_{0};
    base::atomic<std::uint32_t> news_{0};
    // How many handlers are between their first and their last look.
    base::atomic<std::uint32_t> inside_{0};
};

}  // namespace bifilar::sched
