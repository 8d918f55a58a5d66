// What Tokio promises of its locks: the tests of tokio/tests/sync_mutex.rs, sync_rwlock.rs and sync_semaphore.rs.
#include "port.hpp"

#include <memory>
#include <stdexcept>
#include <vector>

using namespace ports;

namespace {

task_of<> lock_once(bf::mutex& of) {
    const auto held = AWAIT(of.lock());
    RETURN;
}
task_of<> read_once(bf::shared_mutex& of) {
    const auto held = AWAIT(of.lock_shared());
    RETURN;
}
task_of<> write_once(bf::shared_mutex& of) {
    const auto held = AWAIT(of.lock());
    RETURN;
}
task_of<> acquire(bf::semaphore& of, std::uint32_t count) {
    const auto held = AWAIT(of.acquire(count));
    RETURN;
}

}  // namespace

PORT("Tokio sync_mutex readiness: a second lock waits until the first is given back") {
    bf::mutex m;
    auto held = AWAIT(m.lock());
    auto second = go(lock_once, std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(second.done());
    held = {};
    AWAIT(second);
    RETURN;
}

PORT("Tokio sync_mutex lock: whoever waits for a task's guard gets the lock when the task ends") {
    bf::mutex m;
    bf::event begun;
    auto holder = go(
        [](bf::mutex& of, bf::event& ready) -> task_of<> {
            const auto held = AWAIT(of.lock());
            ready.set();
            AWAIT(bf::sleep_for(10ms));
            RETURN;
        },
        std::ref(m), std::ref(begun));
    AWAIT(begun.wait());
    { const auto held = AWAIT(m.lock()); }
    AWAIT(holder);
    RETURN;
}

PORT("Tokio sync_mutex aborted_future_1: a lock whose wait was cut short by a timeout is free again") {
    bf::mutex m;
    auto held = AWAIT(m.lock());
    const auto late = AWAIT(bf::timeout(m.lock(), 1ms));
    CHECK_FALSE(late.has_value());
    held = {};
    const auto again = AWAIT(bf::timeout(m.lock(), 1ms));
    CHECK(again.has_value());
    RETURN;
}

PORT("Tokio sync_mutex aborted_future_2: a cancelled task leaves its place among those who wait") {
    bf::mutex m;
    auto held = AWAIT(m.lock());
    auto given_up = go(lock_once, std::ref(m));
    AWAIT(all_wait());
    auto behind = go(lock_once, std::ref(m));
    AWAIT(all_wait());
    given_up.cancel();
    const auto outcome = AWAIT(std::move(given_up).outcome());
    CHECK_FALSE(outcome.has_value());
    held = {};
    AWAIT(behind);
    RETURN;
}

PORT("Tokio sync_mutex try_lock: succeeds on a free lock, fails on a held one") {
    bf::mutex m;
    {
        const auto one = m.try_lock();
        CHECK(static_cast<bool>(one));
        CHECK_FALSE(static_cast<bool>(m.try_lock()));
    }
    CHECK(static_cast<bool>(m.try_lock()));
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_rwlock into_inner, read_shared: many readers at a time") {
    bf::shared_mutex m;
    const auto one = AWAIT(m.lock_shared());
    const auto two = AWAIT(bf::timeout(m.lock_shared(), 1ms));
    CHECK(two.has_value());
    RETURN;
}

PORT("Tokio sync_rwlock write_shared_pending: a writer waits for the readers") {
    bf::shared_mutex m;
    auto reads = AWAIT(m.lock_shared());
    auto writer = go(write_once, std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(writer.done());
    reads = {};
    AWAIT(writer);
    RETURN;
}

PORT("Tokio sync_rwlock read_exclusive_pending: a reader waits for the writer") {
    bf::shared_mutex m;
    auto writes = AWAIT(m.lock());
    auto reader = go(read_once, std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(reader.done());
    writes = {};
    AWAIT(reader);
    RETURN;
}

PORT("Tokio sync_rwlock write_exclusive_pending: a writer waits for the writer") {
    bf::shared_mutex m;
    auto writes = AWAIT(m.lock());
    auto second = go(write_once, std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(second.done());
    writes = {};
    AWAIT(second);
    RETURN;
}

PORT("Tokio sync_rwlock write_shared_drop: a writer that gives up lets the readers behind it in") {
    bf::shared_mutex m;
    const auto reads = AWAIT(m.lock_shared());
    auto writer = go(write_once, std::ref(m));
    AWAIT(all_wait());
    auto reader = go(read_once, std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(reader.done());
    writer.cancel();
    AWAIT(reader);
    const auto outcome = AWAIT(std::move(writer).outcome());
    CHECK_FALSE(outcome.has_value());
    RETURN;
}

PORT("Tokio sync_rwlock read_write_contested: readers that wait behind a writer come in together after it") {
    bf::shared_mutex m;
    auto writes = AWAIT(m.lock());
    auto one = go(read_once, std::ref(m));
    auto two = go(read_once, std::ref(m));
    AWAIT(all_wait());
    CHECK_FALSE(one.done());
    CHECK_FALSE(two.done());
    writes = {};
    AWAIT(one);
    AWAIT(two);
    RETURN;
}

PORT("Tokio sync_rwlock downgrade: a writer becomes a reader, and no writer comes between") {
    bf::shared_mutex m;
    auto writes = AWAIT(m.lock());
    auto writer = go(write_once, std::ref(m));
    AWAIT(all_wait());
    auto reads = bf::shared_mutex::downgrade(std::move(writes));
    AWAIT(all_wait());
    CHECK_FALSE(writer.done());
    reads = {};
    AWAIT(writer);
    RETURN;
}

PORT("Tokio sync_semaphore try_acquire: takes while there are permits, not after") {
    bf::semaphore s{1};
    {
        const auto one = s.try_acquire();
        CHECK(static_cast<bool>(one));
        CHECK_FALSE(static_cast<bool>(s.try_acquire()));
    }
    CHECK(static_cast<bool>(s.try_acquire()));
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_semaphore acquire: a wait ends when a permit is dropped") {
    bf::semaphore s{1};
    auto one = s.try_acquire();
    auto waits = go(acquire, std::ref(s), 1U);
    AWAIT(all_wait());
    CHECK_FALSE(waits.done());
    one = {};
    AWAIT(waits);
    RETURN;
}

PORT("Tokio sync_semaphore add_permits: new permits end a wait") {
    bf::semaphore s{0, 1};
    auto waits = go(acquire, std::ref(s), 1U);
    AWAIT(all_wait());
    s.release(1);
    AWAIT(waits);
    RETURN;
}

PORT("Tokio sync_semaphore forget: a forgotten permit does not come back") {
    bf::semaphore s{1};
    {
        auto one = s.try_acquire();
        CHECK(s.available() == 0);
        CHECK(one.forget() == 1);
    }
    CHECK(s.available() == 0);
    CHECK_FALSE(static_cast<bool>(s.try_acquire()));
    s.release(1);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT("Tokio sync_semaphore stress_test: many tasks share few permits and all come to their end") {
    bf::semaphore s{5};
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 100; ++n)
        all.push_back(go(
            [](bf::semaphore& of) -> task_of<> {
                for (int round = 0; round < 10; ++round) {
                    const auto one = AWAIT(of.acquire());
                    AWAIT(bf::yield_now());
                }
                RETURN;
            },
            std::ref(s)));
    for (auto& one : all) AWAIT(one);
    CHECK(s.available() == 5);
    RETURN;
}

PORT("Tokio semaphore_batch poll_acquire_many_unavailable: what is asked for at once comes at once, in order") {
    bf::semaphore s{5};
    auto five = AWAIT(s.acquire(5));
    auto first = go(acquire, std::ref(s), 1U);
    AWAIT(all_wait());
    auto second = go(acquire, std::ref(s), 5U);
    AWAIT(all_wait());
    auto third = go(acquire, std::ref(s), 3U);
    AWAIT(all_wait());
    CHECK_FALSE(first.done());
    five.release();
    AWAIT(first);
    AWAIT(second);
    AWAIT(third);
    CHECK(s.available() == 5);
    RETURN;
}

PORT("Tokio semaphore_batch cancel_acquire_releases_permits: a wait that is given up keeps none") {
    bf::semaphore s{10};
    const auto four = AWAIT(s.acquire(4));
    CHECK(s.available() == 6);
    const auto late = AWAIT(bf::timeout(s.acquire(8), 1ms));
    CHECK_FALSE(late.has_value());
    CHECK(s.available() == 6);
    const auto six = AWAIT(bf::timeout(s.acquire(6), 1ms));
    CHECK(six.has_value());
    RETURN;
}
