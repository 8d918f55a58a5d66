// Cancellation at every suspension of everything in sync: no permit, lock, notice or arrival is lost.
#include "cancel_everywhere.hpp"

#include <array>
#include <deque>

using namespace tests;
namespace bf = bifilar;

namespace {

struct mutex_scenario : scenario {
    std::array<bf::mutex, steps_of_a_body> mutexes;
    std::array<bf::mutex::guard, steps_of_a_body> held;
    mutex_scenario() {
        for (int n = 0; n < steps_of_a_body; ++n) held[n] = mutexes[n].try_lock();
    }
    auto step(int n) { return mutexes[n].lock(); }
    void wake(int n) { held[n].unlock(); }
    bool check(int woken) {
        bool free = true;
        for (int n = 0; n < woken; ++n) free = free && mutexes[n].try_lock();
        for (auto& guard : held) guard.unlock();
        return free;
    }
};

template <bool Writes>
struct shared_mutex_scenario : scenario {
    std::array<bf::shared_mutex, steps_of_a_body> mutexes;
    std::array<bf::shared_mutex::guard, steps_of_a_body> held;
    shared_mutex_scenario() {
        for (int n = 0; n < steps_of_a_body; ++n) held[n] = mutexes[n].try_lock();
    }
    auto step(int n) {
        if constexpr (Writes)
            return mutexes[n].lock();
        else
            return mutexes[n].lock_shared();
    }
    void wake(int n) { held[n].unlock(); }
    bool check(int woken) {
        bool free = true;
        for (int n = 0; n < woken; ++n) free = free && mutexes[n].try_lock();
        for (auto& guard : held) guard.unlock();
        return free;
    }
};

struct semaphore_scenario : scenario {
    bf::semaphore permits{0, 100};
    auto step(int n) { return permits.acquire(static_cast<std::uint32_t>(n + 1)); }
    void wake(int n) { permits.release(static_cast<std::uint32_t>(n + 1)); }
    bool check(int woken) {
        std::uint32_t released = 0;
        for (int n = 0; n < woken; ++n) released += static_cast<std::uint32_t>(n + 1);
        return permits.available() == released;
    }
};

struct byte_budget_scenario : scenario {
    bf::byte_budget budget{steps_of_a_body};
    bf::byte_budget::loan held = budget.try_take(steps_of_a_body);
    auto step(int) { return budget.take(1); }
    void wake(int) { held.shrink_to(held.bytes() - 1); }
    bool check(int woken) { return budget.free_bytes() == static_cast<std::uint64_t>(woken); }
};

struct notify_scenario : scenario {
    bf::notify notice;
    auto step(int) { return notice.wait(); }
    void wake(int) { notice.notify_one(); }
    bool check(int woken) { return passes + (notice.try_wait() ? 1 : 0) == woken; }
};

struct notify_all_scenario : scenario {
    bf::notify notice;
    auto step(int) { return notice.wait(); }
    void wake(int) { notice.notify_all(); }
    bool check(int woken) { return !notice.try_wait() && passes <= woken; }
};

struct auto_reset_scenario : scenario {
    bf::auto_reset_event event;
    auto step(int) { return event.wait(); }
    void wake(int) { event.set(); }
    bool check(int woken) { return passes + (event.try_wait() ? 1 : 0) == woken; }
};

struct event_scenario : scenario {
    std::array<bf::event, steps_of_a_body> events;
    auto step(int n) { return events[n].wait(); }
    void wake(int n) { events[n].set(); }
    bool check(int woken) { return passes <= woken; }
};

struct latch_scenario : scenario {
    std::deque<bf::latch> latches;
    latch_scenario() {
        for (int n = 0; n < steps_of_a_body; ++n) latches.emplace_back(1);
    }
    auto step(int n) { return latches[n].wait(); }
    void wake(int n) { latches[n].count_down(); }
    bool check(int woken) { return passes <= woken; }
};

struct wait_group_scenario : scenario {
    std::array<bf::wait_group, steps_of_a_body> groups;
    wait_group_scenario() {
        for (auto& group : groups) group.add();
    }
    auto step(int n) { return groups[n].wait(); }
    void wake(int n) { groups[n].done(); }
    bool check(int woken) { return passes <= woken; }
};

struct barrier_scenario : scenario {
    std::deque<bf::barrier> barriers;
    barrier_scenario() {
        for (int n = 0; n < steps_of_a_body; ++n) barriers.emplace_back(2);
    }
    auto step(int n) { return barriers[n].arrive_and_wait(); }
    void wake(int n) { (void)barriers[n].try_arrive(); }
    // The barrier at which the body was cancelled waits for two again.
    bool check(int woken) {
        bool nobody = true;
        for (int n = woken; n < steps_of_a_body; ++n) nobody = nobody && !barriers[n].try_arrive();
        return nobody;
    }
};

struct once_cell_scenario : scenario {
    std::array<bf::once_cell<int>, steps_of_a_body> cells;
    std::array<bf::event, steps_of_a_body> made;
    auto step(int n) {
        return cells[n].get_or_init([this, n] { return bf::map(made[n].wait(), [n] { return n; }); });
    }
    void wake(int n) { made[n].set(); }
    // A maker that was cancelled leaves the cell to the next.
    bool check(int woken) {
        bool right = true;
        for (int n = 0; n < passes; ++n) right = right && cells[n].get() != nullptr && *cells[n].get() == n;
        for (int n = woken; n < steps_of_a_body; ++n) right = right && cells[n].emplace(7);
        return right;
    }
};

// Another makes the value; the body waits for it.
struct once_cell_waiter_scenario : scenario {
    std::array<bf::once_cell<int>, steps_of_a_body> cells;
    std::array<bf::event, steps_of_a_body> made;
    std::vector<bf::join_handle<void>> makers;
    once_cell_waiter_scenario() {
        for (int n = 0; n < steps_of_a_body; ++n)
            makers.push_back(bf::spawn(
                [](once_cell_waiter_scenario& s, int at) -> bf::task<> {
                    auto make = [&s, at] { return bf::map(s.made[at].wait(), [at] { return at; }); };
                    (void)co_await s.cells[at].get_or_init(make);
                },
                std::ref(*this), n));
        let_others_park();
    }
    auto step(int n) {
        return cells[n].get_or_init([] { return -1; });
    }
    void wake(int n) { made[n].set(); }
    bool check(int) {
        for (auto& event : made) event.set();
        for (auto& maker : makers) bf::await(maker);
        bool right = true;
        for (int n = 0; n < steps_of_a_body; ++n) right = right && *cells[n].get() == n;
        return right;
    }
};

struct condition_scenario : scenario {
    bf::mutex mutex;
    bf::condition changed;
    bf::task<> wait_once() {
        auto held = co_await mutex.lock();
        co_await changed.wait(held);
    }
    auto step(int) { return wait_once(); }
    void wake(int) { changed.notify_one(); }
    bool check(int woken) { return static_cast<bool>(mutex.try_lock()) && passes <= woken; }
};

// Two wait for each notice; the body that was cancelled while it was being woken leaves the notice to the other.
struct condition_pair_scenario : scenario {
    bf::mutex mutex;
    bf::condition changed;
    int others = 0;
    bf::join_handle<void> other;
    condition_pair_scenario()
        : other{bf::spawn(
              [](condition_pair_scenario& s) -> bf::task<> {
                  co_await bf::yield_now();
                  co_await bf::yield_now();
                  for (;;) {
                      auto held = co_await s.mutex.lock();
                      co_await s.changed.wait(held);
                      ++s.others;
                  }
              },
              std::ref(*this))} {}
    bf::task<> wait_once() {
        auto held = co_await mutex.lock();
        co_await changed.wait(held);
    }
    auto step(int) { return wait_once(); }
    void wake(int) { changed.notify_one(); }
    bool check(int woken) {
        const bool kept = passes + others == woken;
        other.cancel();
        (void)bf::await(other.outcome());
        return kept && static_cast<bool>(mutex.try_lock());
    }
};

}  // namespace

TEST_CASE("cancelling_a_lock_at_any_moment_leaves_the_mutex_usable") {
    cancel_everywhere<mutex_scenario>("mutex");
    cancel_everywhere<shared_mutex_scenario<true>>("shared_mutex, writer");
    cancel_everywhere<shared_mutex_scenario<false>>("shared_mutex, reader");
}

TEST_CASE("cancelling_an_acquisition_at_any_moment_loses_no_permit") {
    cancel_everywhere<semaphore_scenario>("semaphore");
    cancel_everywhere<byte_budget_scenario>("byte_budget");
}

TEST_CASE("cancelling_a_wait_for_a_notice_at_any_moment_loses_none") {
    cancel_everywhere<notify_scenario>("notify");
    cancel_everywhere<notify_all_scenario>("notify_all");
    cancel_everywhere<auto_reset_scenario>("auto_reset_event");
}

TEST_CASE("cancelling_a_wait_at_a_gate_at_any_moment_hurts_nobody") {
    cancel_everywhere<event_scenario>("event");
    cancel_everywhere<latch_scenario>("latch");
    cancel_everywhere<wait_group_scenario>("wait_group");
}

TEST_CASE("cancelling_an_arrival_at_any_moment_takes_it_back") { cancel_everywhere<barrier_scenario>("barrier"); }

TEST_CASE("cancelling_a_maker_or_a_waiter_at_any_moment_leaves_the_cell_usable") {
    cancel_everywhere<once_cell_scenario>("once_cell, maker");
    cancel_everywhere<once_cell_waiter_scenario>("once_cell, waiter");
}

TEST_CASE("cancelling_a_wait_for_a_condition_at_any_moment_passes_the_notice_on") {
    cancel_everywhere<condition_scenario>("condition");
    cancel_everywhere<condition_pair_scenario>("condition, two waiters");
}
