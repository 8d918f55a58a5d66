// Waiting for a condition with a limit: what the guard holds afterwards, and where the notices go.
#include "one_worker.hpp"
#include "simulated_runtime.hpp"

#include <chrono>
#include <string>

using namespace both;
using namespace std::chrono_literals;
using tests::let_others_park;

namespace {

// Waits longer than it may, and locks again. What was not as it should be; empty when all was.
bf::task<std::string> wait_in_vain(bf::mutex& mutex, bf::condition& changed, std::chrono::microseconds limit) {
    auto held = co_await mutex.lock();
    const auto answer = co_await bf::timeout(changed.wait(held), limit);
    if (answer.has_value()) co_return "the wait ended without a notice";
    if (held) co_return "the guard holds a mutex";
    if (mutex.is_locked()) co_return "the mutex is locked";
    held = co_await mutex.lock();
    if (held.held() != &mutex || !mutex.is_locked()) co_return "it was not locked again";
    co_return "";
}

enum class ending { noticed, late, wrong };

bf::task<ending> wait_an_hour(bf::mutex& mutex, bf::condition& changed) {
    auto held = co_await mutex.lock();
    const auto answer = co_await bf::timeout(changed.wait(held), 1h);
    if (answer.has_value()) co_return held.held() == &mutex ? ending::noticed : ending::wrong;
    co_return held.held() == nullptr ? ending::late : ending::wrong;
}

bf::task<bool> wait_for_a_notice(bf::mutex& mutex, bf::condition& changed) {
    auto held = co_await mutex.lock();
    co_await changed.wait(held);
    co_return held.held() == &mutex;
}

// As on_one_worker; the clock stands until the body moves it.
template <class Body>
void on_a_clock_that_stands(Body body) {
    for (const bf::backend model : tests::both_backends) {
        INFO(bf::to_string(model));
        bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};
        bf::runtime rt{tests::on_clock(clock, 1)};
        rt.run([&] { body(model, clock); });
    }
}

}  // namespace

TEST_CASE("a_wait_for_a_condition_that_times_out_leaves_the_guard_empty_and_the_mutex_free") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::mutex mutex;
        bf::condition changed;
        for (const std::chrono::microseconds limit : {0us, 500us}) {
            CHECK(await_in(m, rt, [&] { return wait_in_vain(mutex, changed, limit); }) == "");
            CHECK_FALSE(mutex.is_locked());
        }
    });
}

TEST_CASE("a_guard_that_was_locked_again_after_a_timeout_waits_again") {
    tests::on_one_worker([](bf::backend model) {
        bf::mutex mutex;
        bf::condition changed;
        const auto wait_twice = [](bf::mutex& m, bf::condition& c) -> bf::task<bool> {
            auto held = co_await m.lock();
            const auto answer = co_await bf::timeout(c.wait(held), 0s);
            held = co_await m.lock();
            co_await c.wait(held);
            co_return !answer.has_value() && held.held() == &m;
        };
        auto waits = bf::spawn(model, wait_twice, std::ref(mutex), std::ref(changed));
        let_others_park();
        CHECK_FALSE(waits.done());
        CHECK_FALSE(mutex.is_locked());
        changed.notify_one();
        CHECK(bf::await(waits));
        CHECK_FALSE(mutex.is_locked());
    });
}

TEST_CASE("a_notice_in_time_beats_the_limit_that_passes_before_its_receiver_runs") {
    on_a_clock_that_stands([](bf::backend model, bf::simulated_clock& clock) {
        bf::mutex mutex;
        bf::condition changed;
        auto waits = bf::spawn(model, wait_an_hour, std::ref(mutex), std::ref(changed));
        let_others_park();
        changed.notify_one();
        clock.advance(2h);
        CHECK(bf::await(waits) == ending::noticed);
        CHECK_FALSE(mutex.is_locked());
    });
}

TEST_CASE("a_wait_that_times_out_on_its_way_back_to_the_mutex_passes_its_notice_on") {
    on_a_clock_that_stands([](bf::backend model, bf::simulated_clock& clock) {
        bf::mutex mutex;
        bf::condition changed;
        auto limited = bf::spawn(model, wait_an_hour, std::ref(mutex), std::ref(changed));
        let_others_park();
        auto patient = bf::spawn(model, wait_for_a_notice, std::ref(mutex), std::ref(changed));
        let_others_park();
        auto mine = mutex.try_lock();
        CHECK(mine);
        // The older wait gets the notice, and then waits for the mutex.
        changed.notify_one();
        let_others_park();
        CHECK_FALSE(limited.done());
        clock.advance(2h);
        CHECK(bf::await(limited) == ending::late);
        CHECK_FALSE(patient.done());
        mine.unlock();
        let_others_park();
        CHECK(patient.done());
        changed.notify_all();  // So that a notice that was lost does not become a test that hangs.
        CHECK(bf::await(patient));
        CHECK_FALSE(mutex.is_locked());
    });
}
