// Wrong use of sync ends with a sentence that names the object, and the task when there is one.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <csignal>
#include <memory>
#include <optional>

using namespace both;
using Catch::Matchers::Contains;

namespace {

template <class Body>
void check_dies(const char* sentence, Body body) {
    const tests::last_words last = tests::dies(body);
    CHECK(last.signal == SIGABRT);
    CHECK_THAT(last.text, Contains(sentence));
}

}  // namespace

TEST_CASE("unlocking_what_is_not_locked_aborts") {
    check_dies("unlock() of a mutex that is not locked", [] {
        bf::mutex mutex;
        mutex.unlock();
    });
    check_dies("unlock() of a shared_mutex", [] {
        bf::shared_mutex mutex;
        mutex.unlock();
    });
    check_dies("unlock_shared() of a shared_mutex", [] {
        bf::shared_mutex mutex;
        mutex.unlock_shared();
    });
}

TEST_CASE("more_permits_than_exist_abort") {
    check_dies("release() of more permits", [] {
        bf::semaphore permits{2};
        permits.release();
    });
    check_dies("acquire() of more permits", [] {
        bf::semaphore permits{2};
        (void)permits.acquire(3);
    });
    check_dies("acquire() of more permits", [] {
        bf::semaphore permits{2};
        (void)permits.try_acquire(3);
    });
}

TEST_CASE("counting_below_zero_aborts") {
    check_dies("count_down() of a latch below zero", [] {
        bf::latch latch{1};
        latch.count_down(2);
    });
    check_dies("done() of a wait_group", [] {
        bf::wait_group group;
        group.done();
    });
}

TEST_CASE("destroying_what_is_held_or_waited_for_aborts_and_names_the_task") {
    check_dies("a mutex was destroyed locked", [] {
        std::optional<bf::mutex> mutex{std::in_place};
        auto held = mutex->try_lock();
        mutex.reset();
    });
    check_dies("a shared_mutex was destroyed locked", [] {
        std::optional<bf::shared_mutex> mutex{std::in_place};
        auto held = mutex->try_lock_shared();
        mutex.reset();
    });
    if (!tests::children_have_threads) return;
    check_dies("a mutex was destroyed while tasks wait", [] {
        bf::runtime rt{small_runtime(1)};
        bf::spawn_options named;
        named.on = bf::backend::stackful;
        named.name = "the destroyer";
        rt.spawn(named, [] {
              std::optional<bf::mutex> mutex{std::in_place};
              auto held = mutex->try_lock();
              bf::spawn([](bf::mutex& m) -> bf::task<> { (void)co_await m.lock(); }, std::ref(*mutex)).detach();
              tests::let_others_park();
              mutex.reset();
          }).join();
    });
    const tests::last_words last = tests::dies([] {
        bf::runtime rt{small_runtime(1)};
        bf::spawn_options named;
        named.on = bf::backend::stackful;
        named.name = "the destroyer";
        rt.spawn(named, [] {
              std::optional<bf::event> event{std::in_place};
              bf::spawn([](bf::event& e) -> bf::task<> { co_await e.wait(); }, std::ref(*event)).detach();
              tests::let_others_park();
              event.reset();
          }).join();
    });
    CHECK(last.signal == SIGABRT);
    CHECK_THAT(last.text, Contains("an event was destroyed while tasks wait"));
    CHECK_THAT(last.text, Contains("the destroyer"));
}

TEST_CASE("waiting_on_a_condition_without_the_lock_aborts") {
    check_dies("needs a guard that holds its mutex", [] {
        bf::condition changed;
        bf::mutex::guard empty;
        bf::block_on(changed.wait(empty));
    });
}

TEST_CASE("moving_a_wait_that_was_polled_aborts") {
    check_dies("moved after its first poll", [] {
        bf::event event;
        auto wait = event.wait();
        auto turn = bf::yield_now();
        (void)bf::block_on(bf::select(wait, turn));
        auto moved = std::move(wait);
    });
}
