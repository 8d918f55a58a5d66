// How a worker without work watches what busy ones keep for themselves: the newest tasks of their present runs. A
// policy that its worker feeds; knows neither clock nor thread.
//
// The newest task waits for the end of its owner's present run, which may be long. A push cannot tell, and a wake for
// each one would cost two tasks that talk to each other more than their talk does. So one idle worker watches: it naps,
// looks, and takes tasks that have waited through two looks while their owner finished nothing. While it watches, a
// push wakes nobody; when it stops, the next push wakes it again, and the task begins as soon. So it goes on for a
// while after the last kept task that it saw, for such wakes to be few, but not where a worker is in a long run and
// keeps nothing: what that one pushes will have to wait. An idle runtime does not nap.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <algorithm>

namespace bifilar::sched {

/// One worker's.
class newest_watch {
public:
    /// Tasks that were kept for so long, while their owner was in one run, may be taken.
    static constexpr base::instant_ns stuck_ns = 20'000;
    /// From the first sight of a kept task to the next look: a little more.
    static constexpr base::instant_ns second_look_ns = 40'000;
    static constexpr base::instant_ns shortest_nap_ns = 100'000;
    static constexpr base::instant_ns longest_nap_ns = 1'000'000;
    /// After the last kept task, or the push that began the watch.
    static constexpr base::instant_ns lasts_ns = 4'000'000;

    /// It saw a kept task: the watch goes on from `now`.
    void prolong(base::instant_ns now) noexcept { until_ns_ = now + lasts_ns; }
    /// Tasks were stuck, or somebody woke the worker for one: others may be soon.
    void hasten() noexcept {
        nap_ns_ = shortest_nap_ns;
        confirms_ = false;
    }
    [[nodiscard]] bool goes_on(base::instant_ns now) const noexcept { return now < until_ns_; }

    /// How long to nap. `filled`: a task may be stuck and was seen so once. Naps grow while none is.
    [[nodiscard]] base::instant_ns next_nap(bool filled) noexcept {
        if (filled && !confirms_) {
            confirms_ = true;
            return second_look_ns;
        }
        confirms_ = false;
        const base::instant_ns now = nap_ns_;
        nap_ns_ = std::min(2 * nap_ns_, longest_nap_ns);
        return now;
    }

private:
    base::instant_ns until_ns_ = 0;
    base::instant_ns nap_ns_ = shortest_nap_ns;
    bool confirms_ = false;  // The last nap was the short one before a second look.
};

}  // namespace bifilar::sched
