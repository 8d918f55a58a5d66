// A semaphore that closes, a notice to the newest wait, and a value behind its own lock.
#include "both/cancel_everywhere.hpp"

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace both;
using tests::let_others_park;

TEST_CASE("a_closed_semaphore_gives_nothing_and_tells_who_waits") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::semaphore permits{1, 3};
        auto held = permits.try_acquire();
        CHECK(held);
        std::thread closer{[&] { permits.close(); }};
        const auto got = await_in(
            m, rt, [&] { return bf::map(permits.acquire(), [](bf::semaphore::permit p) { return p.count(); }); });
        CHECK(got == 0);
        closer.join();
        CHECK(permits.is_closed());
        CHECK_FALSE(permits.try_acquire());
        held.release();
        CHECK(permits.available() == 1);
        CHECK_FALSE(permits.try_acquire());
        const auto later = await_in(
            m, rt, [&] { return bf::map(permits.acquire(), [](bf::semaphore::permit p) { return p.count(); }); });
        CHECK(later == 0);
        permits.close();
        permits.release();
        CHECK(permits.available() == 2);
    });
}

TEST_CASE("closing_a_semaphore_ends_very_many_waits_once") {
    tests::on_one_worker([](bf::backend model) {
        bf::semaphore permits{0, 5};
        int ended = 0;
        std::vector<bf::join_handle<void>> waits;
        for (int n = 0; n < 150; ++n)
            waits.push_back(bf::spawn(model, [&]() -> bf::task<> {
                auto permit = co_await permits.acquire(2);
                if (!permit) ++ended;
            }));
        let_others_park();
        waits[3].cancel();
        let_others_park();
        permits.close();
        let_others_park();
        for (auto& wait : waits) (void)bf::await(wait.outcome());
        CHECK(ended == 149);
    });
}

TEST_CASE("a_notice_to_the_last_ends_the_newest_wait") {
    tests::on_one_worker([](bf::backend model) {
        bf::notify notice;
        std::vector<int> order;
        std::vector<bf::join_handle<void>> handles;
        for (int n = 0; n < 3; ++n) {
            handles.push_back(bf::spawn(
                model,
                [](bf::notify& from, std::vector<int>& into, int me) -> bf::task<> {
                    co_await from.wait();
                    into.push_back(me);
                },
                std::ref(notice), std::ref(order), n));
            let_others_park();
        }
        notice.notify_last();
        let_others_park();
        notice.notify_one();
        let_others_park();
        notice.notify_last();
        let_others_park();
        CHECK(order == std::vector<int>{2, 0, 1});
        for (auto& handle : handles) bf::await(handle);
        notice.notify_last();
        CHECK(notice.try_wait());
        CHECK_FALSE(notice.try_wait());
    });
}

TEST_CASE("a_guarded_value_is_reached_by_one_at_a_time") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::guarded<std::string> name{"a"};
        auto held = name.try_lock();
        CHECK(*held == "a");
        CHECK(name.is_locked());
        CHECK_FALSE(name.try_lock());
        std::thread other{[&] {
            held->push_back('b');
            held.unlock();
        }};
        const auto seen = await_in(m, rt, [&] {
            return bf::map(name.lock(), [](bf::guarded<std::string>::guard mine) {
                mine->push_back('c');
                return *mine;
            });
        });
        other.join();
        CHECK(seen == "abc");
        CHECK(name.unguarded() == "abc");
        bf::guarded<std::unique_ptr<int>> empty;
        CHECK(*empty.try_lock() == nullptr);
    });
}

namespace {

struct guarded_scenario : tests::scenario {
    std::array<bf::guarded<int>, tests::steps_of_a_body> values;
    std::array<bf::guarded<int>::guard, tests::steps_of_a_body> held;
    guarded_scenario() {
        for (int n = 0; n < tests::steps_of_a_body; ++n) held[n] = values[n].try_lock();
    }
    auto step(int n) { return values[n].lock(); }
    void wake(int n) { held[n].unlock(); }
    bool check(int woken) {
        bool free = true;
        for (int n = 0; n < woken; ++n) free = free && values[n].try_lock();
        for (auto& guard : held) guard.unlock();
        return free;
    }
};

struct notify_last_scenario : tests::scenario {
    bf::notify notice;
    auto step(int) { return notice.wait(); }
    void wake(int) { notice.notify_last(); }
    bool check(int woken) { return passes + (notice.try_wait() ? 1 : 0) == woken; }
};

struct closing_scenario : tests::scenario {
    std::array<bf::semaphore, tests::steps_of_a_body> permits{bf::semaphore{0, 1}, bf::semaphore{0, 1},
                                                              bf::semaphore{0, 1}};
    auto step(int n) { return permits[n].acquire(); }
    void wake(int n) { permits[n].close(); }
    bool check(int woken) { return passes <= woken && permits[0].available() == 0; }
};

}  // namespace

TEST_CASE("cancelled_waits_of_guarded_values_last_notices_and_closed_semaphores_lose_nothing") {
    tests::cancel_everywhere<guarded_scenario>("guarded");
    tests::cancel_everywhere<notify_last_scenario>("notify_last");
    tests::cancel_everywhere<closing_scenario>("closed semaphore");
}
