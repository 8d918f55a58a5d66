// What answers at once allocates nothing: every operation that does not wait, on a plain thread and in both models.
#include "steady_state.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

using namespace both;
using namespace tests;
using namespace std::chrono_literals;

namespace {

// once(n) tells whether it did what it should, or gives a future that does.
template <class Operation>
struct named {
    const char* what;
    Operation once;
};

// Calls of malloc during the second of two rounds, and how often it went as it should.
using tally = std::pair<std::uint64_t, int>;

template <class Operation>
int one_round(Operation& once) {
    int right = 0;
    for (int n = 0; n < repetitions; ++n) {
        if constexpr (bf::future<std::invoke_result_t<Operation&, int>>)
            right += bf::await(once(n)) ? 1 : 0;
        else
            right += once(n) ? 1 : 0;
    }
    return right;
}

template <class Operation>
bf::task<int> one_round_awaited(Operation& once) {
    int right = 0;
    for (int n = 0; n < repetitions; ++n) {
        const bool went_well = co_await once(n);
        right += went_well ? 1 : 0;
    }
    co_return right;
}

template <class Operation>
tally two_rounds(Operation& once) {
    (void)one_round(once);
    const std::uint64_t before = tests::malloc_calls();
    const int right = one_round(once);
    return {tests::malloc_calls() - before, right};
}

template <class Operation>
bf::task<tally> two_rounds_awaited(Operation& once) {
    (void)co_await one_round_awaited(once);
    const std::uint64_t before = tests::malloc_calls();
    const int right = co_await one_round_awaited(once);
    const tally found{tests::malloc_calls() - before, right};
    co_return found;
}

void check(const char* what, const char* where, tally found) {
    INFO(what << ", on a " << where);
    CHECK(found.first == 0);
    CHECK(found.second == repetitions);
}

template <class Operation>
void check_in_tasks(bf::runtime& rt, named<Operation>& one) {
    if constexpr (bf::future<std::invoke_result_t<Operation&, int>>)
        check(one.what, "coroutine", rt.spawn(two_rounds_awaited<Operation>, std::ref(one.once)).join());
    else
        check(one.what, "polled task", rt.spawn([&one] { return two_rounds(one.once); }).join());
    check(one.what, "fiber", rt.spawn(bf::backend::stackful, [&one] { return two_rounds(one.once); }).join());
}

// The counter knows no threads: nobody else runs while one counts, and the joining thread has waited before.
template <class... Operation>
void check_each(named<Operation>... all) {
    bf::block_on(bf::yield_now());
    (check(all.what, "thread", two_rounds(all.once)), ...);
    bf::runtime rt{small_runtime(1)};
    (check_in_tasks(rt, all), ...);
}

}  // namespace

TEST_CASE("taking_a_lock_that_is_free_or_not_calls_no_malloc") {
    bf::mutex mutex;
    bf::mutex locked;
    bf::shared_mutex shared;
    bf::semaphore permits{3};
    const auto held = locked.try_lock();
    check_each(named{"mutex, try_lock",
                     [&](int) {
                         const auto guard = mutex.try_lock();
                         return static_cast<bool>(guard) && mutex.is_locked();
                     }},
               named{"mutex, try_lock in vain", [&](int) { return !locked.try_lock(); }},
               named{"mutex, unlock",
                     [&](int) {
                         const bool taken = mutex.try_lock().release() == &mutex;
                         mutex.unlock();
                         return taken && !mutex.is_locked();
                     }},
               named{"shared_mutex, try_lock",
                     [&](int) {
                         const auto writer = shared.try_lock();
                         return static_cast<bool>(writer) && !shared.try_lock() && !shared.try_lock_shared();
                     }},
               named{"shared_mutex, try_lock_shared",
                     [&](int) {
                         const auto one = shared.try_lock_shared();
                         const auto two = shared.try_lock_shared();
                         return static_cast<bool>(one) && static_cast<bool>(two) && !shared.try_lock();
                     }},
               named{"shared_mutex, downgrade",
                     [&](int) {
                         const auto reader = bf::shared_mutex::downgrade(shared.try_lock());
                         return static_cast<bool>(reader) && static_cast<bool>(shared.try_lock_shared());
                     }},
               named{"semaphore, try_acquire",
                     [&](int) {
                         const auto two = permits.try_acquire(2);
                         return two.count() == 2 && permits.available() == 1 && !permits.try_acquire(2);
                     }},
               named{"semaphore, release", [&](int) {
                         auto one = permits.try_acquire();
                         const std::uint32_t forgotten = permits.try_acquire(2).forget();
                         one.release();
                         permits.release(forgotten);
                         return forgotten == 2 && permits.available() == 3;
                     }});
}

TEST_CASE("giving_notice_and_looking_for_it_calls_no_malloc") {
    bf::notify notice;
    bf::event event;
    bf::auto_reset_event turnstile;
    bf::condition changed;
    check_each(named{"notify, notify_one and try_wait",
                     [&](int) {
                         notice.notify_one();
                         notice.notify_one();
                         return notice.try_wait() && !notice.try_wait();
                     }},
               named{"notify, notify_all and reset",
                     [&](int) {
                         notice.notify_all();
                         const bool none = !notice.try_wait();
                         notice.notify_one();
                         notice.reset();
                         return none && !notice.try_wait();
                     }},
               named{"event",
                     [&](int) {
                         event.set();
                         const bool set = event.is_set() && event.try_wait();
                         event.reset();
                         return set && !event.try_wait();
                     }},
               named{"auto_reset_event",
                     [&](int) {
                         turnstile.set();
                         const bool once = turnstile.is_set() && turnstile.try_wait() && !turnstile.try_wait();
                         turnstile.set();
                         turnstile.reset();
                         return once && !turnstile.try_wait();
                     }},
               named{"condition", [&](int) {
                         changed.notify_one();
                         changed.notify_all();
                         return true;
                     }});
}

TEST_CASE("counting_and_making_once_calls_no_malloc") {
    bf::barrier alone{1};
    bf::barrier couple{2};
    bf::wait_group group;
    check_each(named{"latch",
                     [](int) {
                         bf::latch latch{3};
                         latch.count_down();
                         const bool early = latch.try_wait() || latch.count() != 2;
                         latch.count_down(2);
                         return !early && latch.try_wait();
                     }},
               named{"barrier, the last one", [&](int) { return alone.try_arrive(); }},
               named{"barrier, not the last one", [&](int) { return !couple.try_arrive(); }},
               named{"wait_group",
                     [&](int) {
                         group.add(2);
                         const bool counted = group.count() == 2 && !group.try_wait();
                         group.done(2);
                         return counted && group.try_wait();
                     }},
               named{"wait_group, token",
                     [&](int) {
                         {
                             auto one = group.enter();
                             const auto same = std::move(one);
                             if (group.count() != 1) return false;
                         }
                         return group.try_wait();
                     }},
               named{"once_cell", [](int n) {
                         bf::once_cell<int> cell;
                         const bool empty = cell.get() == nullptr && !cell.is_set();
                         return empty && cell.emplace(n) && !cell.emplace(-1) && *cell.get() == n;
                     }});
}

TEST_CASE("sending_and_receiving_at_once_calls_no_malloc") {
    bf::channel<int> channel{2};
    bf::channel<int> full{1};
    bf::channel<int> rendezvous{0};
    bf::channel<int> closed{1};
    bf::unbounded_channel<int> queue;
    bf::unbounded_channel<int> closed_queue;
    (void)full.try_send(0);
    check_each(
        named{"channel", [&](int n) { return channel.try_send(n).has_value() && channel.try_recv() == n; }},
        named{"channel, empty",
              [&](int) { return channel.len() == 0 && channel.try_recv().error() == bf::try_recv_error::empty; }},
        named{"channel, full",
              [&](int n) {
                  auto refused = full.try_send(n);
                  return !refused && refused.error().is_full() && refused.error().take() == n;
              }},
        named{"channel, rendezvous with nobody",
              [&](int n) {
                  return rendezvous.try_send(n).error().is_full() &&
                         rendezvous.try_recv().error() == bf::try_recv_error::empty;
              }},
        named{"channel, closed",
              [&](int n) {
                  closed.close();
                  return closed.is_closed() && closed.try_send(n).error().is_closed() &&
                         closed.try_recv().error() == bf::try_recv_error::closed;
              }},
        // Up to a length of several blocks, which come from the frame pool.
        named{"unbounded_channel",
              [&](int n) {
                  if (n / 500 % 2 != 0) return queue.try_recv().has_value();
                  return n % 2 == 0 ? queue.send(n).has_value() : queue.try_send(n).has_value();
              }},
        named{"unbounded_channel, empty", [&](int) { return queue.try_recv().error() == bf::try_recv_error::empty; }},
        named{"unbounded_channel, closed", [&](int n) {
                  closed_queue.close();
                  return closed_queue.send(n).error().take() == n &&
                         closed_queue.try_recv().error() == bf::try_recv_error::closed;
              }});
}

TEST_CASE("a_value_for_one_or_for_all_calls_no_malloc") {
    bf::broadcast<int> news{4};
    bf::broadcast<int> closed{4};
    bf::watch<int> value{0};
    bf::watch<int> closed_value{0};
    auto late = closed.subscribe();
    closed.close();
    closed_value.close();
    check_each(
        named{"oneshot",
              [](int n) {
                  bf::oneshot<int> shot;
                  const bool empty = !shot.is_waited_for() && shot.try_recv().error() == bf::try_recv_error::empty;
                  return empty && shot.send(n).has_value() && !shot.send(-1) && shot.try_recv() == n;
              }},
        named{"oneshot, closed",
              [](int n) {
                  bf::oneshot<int> shot;
                  shot.close();
                  return shot.send(n).error().take() == n && shot.try_recv().error() == bf::try_recv_error::closed;
              }},
        named{"oneshot, both ends",
              [](int n) {
                  auto [sender, receiver] = bf::make_oneshot<int>();
                  return sender.send(n).has_value() && receiver.try_recv() == n;
              }},
        named{"broadcast, to nobody", [&](int n) { return news.send(n) == 0U; }},
        named{"broadcast",
              [&](int n) {
                  auto reader = news.subscribe();
                  auto same = reader;
                  return reader.try_recv().error().is_empty() && news.send(n) == 2U && reader.try_recv() == n &&
                         same.try_recv() == n;
              }},
        named{"broadcast, lagged",
              [&](int n) {
                  auto reader = news.subscribe();
                  for (int sent = 0; sent < 5; ++sent) (void)news.send(n + sent);
                  const auto lost = reader.try_recv();
                  return !lost && lost.error().missed() == 1 && reader.try_recv() == n + 1;
              }},
        named{"broadcast, closed",
              [&](int n) { return closed.send(n).error().take() == n && late.try_recv().error().is_closed(); }},
        named{"watch",
              [&](int n) {
                  auto watcher = value.subscribe();
                  const auto same = watcher;
                  const bool old = !watcher.has_changed();
                  return old && value.send(n).has_value() && watcher.has_changed() && watcher.get() == value.get();
              }},
        named{"watch, closed", [&](int n) { return closed_value.send(n).error().take() == n; }});
}

TEST_CASE("trying_several_things_at_once_calls_no_malloc") {
    const auto some = [](const auto& first) { return first.has_value(); };
    const auto none = [](const auto& first) { return !first.has_value(); };
    bf::channel<int> empty{1};
    bf::channel<int> full{1};
    bf::channel<int> room{1};
    bf::mutex locked;
    bf::mutex free;
    const auto held = locked.try_lock();
    (void)full.try_send(0);
    check_each(
        named{"try_race, a receive is ready",
              [&](int n) {
                  (void)room.try_send(n);
                  return bf::map(bf::try_race(empty.recv(), room.recv()), some);
              }},
        named{"try_race, a send is ready",
              [&](int n) {
                  const auto sent = [&room](const auto& first) { return first && room.try_recv().has_value(); };
                  return bf::map(bf::try_race(full.send(n), room.send(n), empty.recv()), sent);
              }},
        named{"try_race, a lock is free", [&](int) { return bf::map(bf::try_race(locked.lock(), free.lock()), some); }},
        named{"try_race, none of two", [&](int n) { return bf::map(bf::try_race(empty.recv(), full.send(n)), none); }},
        named{"try_race, not what is left out",
              [&](int) { return bf::map(bf::try_race(bf::when(false, free.lock()), empty.recv()), none); }});
}

TEST_CASE("trying_everything_that_can_be_waited_for_calls_no_malloc") {
    const auto none = [](const auto& first) { return !first.has_value(); };
    bf::mutex mutex;
    bf::shared_mutex shared;
    bf::semaphore permits{0, 1};
    bf::notify notice;
    bf::event event;
    bf::auto_reset_event turnstile;
    bf::latch latch{1};
    bf::barrier barrier{2};
    bf::wait_group group;
    bf::once_cell<int> cell;
    bf::channel<int> empty{1};
    bf::unbounded_channel<int> queue;
    bf::oneshot<int> shot;
    bf::broadcast<int> news{1};
    bf::watch<int> value{0};
    const auto locked = mutex.try_lock();
    const auto read = shared.try_lock_shared();
    const auto counted = group.enter();
    auto reader = news.subscribe();
    auto watcher = value.subscribe();
    std::vector<int> batch;
    batch.reserve(4);
    const auto never = [] { return bf::pending<int>(); };
    check_each(named{"try_race, sync",
                     [&](int) {
                         return bf::map(bf::try_race(mutex.lock(), shared.lock(), permits.acquire(), notice.wait(),
                                                     event.wait(), turnstile.wait(), latch.wait(),
                                                     barrier.arrive_and_wait(), group.wait(), cell.get_or_init(never)),
                                        none);
                     }},
               named{"try_race, channels and time", [&](int) {
                         return bf::map(bf::try_race(empty.recv(), empty.recv_many(batch, 4), queue.recv(), shot.recv(),
                                                     reader.recv(), watcher.changed(), bf::sleep_for(1h)),
                                        none);
                     }});
}
