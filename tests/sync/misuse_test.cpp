// Wrong use of sync ends with a sentence that names the object, and the task when there is one. What is destroyed while
// it is waited for: destroyed_test.cpp.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <cstdint>
#include <limits>
#include <optional>

using namespace both;
using tests::check_aborts;

TEST_CASE("unlocking_what_is_not_locked_aborts") {
    check_aborts("unlock() of a mutex that is not locked", [] {
        bf::mutex mutex;
        mutex.unlock();
    });
    check_aborts("unlock() of a shared_mutex", [] {
        bf::shared_mutex mutex;
        mutex.unlock();
    });
    check_aborts("unlock_shared() of a shared_mutex", [] {
        bf::shared_mutex mutex;
        mutex.unlock_shared();
    });
}

TEST_CASE("more_permits_than_exist_abort") {
    check_aborts("release() of more permits", [] {
        bf::semaphore permits{2};
        permits.release();
    });
    check_aborts("acquire() of more permits", [] {
        bf::semaphore permits{2};
        (void)permits.acquire(3);
    });
    check_aborts("acquire() of more permits", [] {
        bf::semaphore permits{2};
        (void)permits.try_acquire(3);
    });
}

TEST_CASE("a_byte_budget_destroyed_before_its_loans_aborts") {
    check_aborts("a byte_budget was destroyed before its loans; end them first", [] {
        std::optional<bf::byte_budget> budget{8};
        const auto loan = budget->try_take(1);
        budget.reset();
    });
}

TEST_CASE("counting_below_zero_aborts") {
    check_aborts("count_down() of a latch below zero", [] {
        bf::latch latch{1};
        latch.count_down(2);
    });
    check_aborts("done() of a wait_group", [] {
        bf::wait_group group;
        group.done();
    });
}

TEST_CASE("a_count_of_2_to_the_63_aborts") {
    constexpr std::uint64_t most = (std::uint64_t{1} << 63) - 1;
    bf::wait_group group;
    group.add(most - 1);
    group.add();
    CHECK(group.count() == most);
    group.done(most);
    CHECK(group.try_wait());
    CHECK(bf::latch{most}.count() == most);
    check_aborts("add() to a wait_group beyond 2^63", [] {
        bf::wait_group full;
        full.add(most);
        full.add();
    });
    check_aborts("add() to a wait_group beyond 2^63", [] {
        bf::wait_group full;
        full.add(most);
        (void)full.enter();
    });
    // Does not come round to a small count.
    check_aborts("add() to a wait_group beyond 2^63", [] {
        bf::wait_group some;
        some.add(2);
        some.add(std::numeric_limits<std::uint64_t>::max());
    });
    check_aborts("a latch was made with a count of 2^63 or more", [] { const bf::latch latch{most + 1}; });
}

TEST_CASE("wrong_use_by_a_task_names_it") {
    if (!tests::children_have_threads) return;
    struct misuse {
        const char* sentence;
        void (*commit)();
    };
    static const misuse all[] = {
        {"unlock() of a mutex that is not locked", [] { bf::mutex{}.unlock(); }},
        {"unlock() of a shared_mutex that no writer has locked", [] { bf::shared_mutex{}.unlock(); }},
        {"unlock_shared() of a shared_mutex that no reader has locked", [] { bf::shared_mutex{}.unlock_shared(); }},
        {"downgrade() of a guard that holds nothing", [] { (void)bf::shared_mutex::downgrade({}); }},
        {"release() of more permits than the semaphore was made for", [] { bf::semaphore{2}.release(); }},
        {"acquire() of more permits than the semaphore was made for", [] { (void)bf::semaphore{2}.acquire(3); }},
        {"count_down() of a latch below zero", [] { bf::latch{1}.count_down(2); }},
        {"done() of a wait_group more often than add()", [] { bf::wait_group{}.done(); }},
    };
    for (const misuse& each : all)
        for (const bf::backend on : tests::both_backends) {
            INFO(each.sentence << ", " << bf::to_string(on));
            check_aborts(
                each.sentence, [&] { tests::run_named("the culprit", on, [&] { each.commit(); }); },
                "task the culprit");
        }
}

TEST_CASE("destroying_what_is_held_aborts") {
    check_aborts("a mutex was destroyed locked", [] {
        std::optional<bf::mutex> mutex{std::in_place};
        auto held = mutex->try_lock();
        mutex.reset();
    });
    check_aborts("a shared_mutex was destroyed locked", [] {
        std::optional<bf::shared_mutex> mutex{std::in_place};
        auto held = mutex->try_lock_shared();
        mutex.reset();
    });
}

TEST_CASE("waiting_on_a_condition_without_the_lock_aborts") {
    check_aborts("needs a guard that holds its mutex", [] {
        bf::condition changed;
        bf::mutex::guard empty;
        bf::block_on(changed.wait(empty));
    });
}

TEST_CASE("moving_a_wait_that_was_polled_aborts") {
    check_aborts("moved after its first poll", [] {
        bf::event event;
        auto wait = event.wait();
        auto turn = bf::yield_now();
        (void)bf::block_on(bf::select(wait, turn));
        auto moved = std::move(wait);
    });
}
