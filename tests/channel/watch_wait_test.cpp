// Waiting for a value of a watch, changing it in place, and learning that nobody listens to a broadcast.
#include "both/cancel_everywhere.hpp"

#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace both;
using tests::let_others_park;

TEST_CASE("a_wait_for_a_value_passes_over_others_and_ends_with_the_watch") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::watch<int> value{1};
        auto watcher = value.subscribe();
        const auto odd = [](const int& v) { return v % 2 != 0; };
        const auto large = [](const int& v) { return v >= 10; };
        const auto now = await_in(m, rt, [&] { return watcher.wait_for(odd); });
        CHECK(now == 1);
        std::thread sender{[&] {
            for (int n = 2; n <= 12; ++n) (void)value.send(n);
        }};
        const auto found = await_in(m, rt, [&] { return watcher.wait_for(large); });
        sender.join();
        CHECK(found >= 10);
        (void)value.send(2);
        std::thread closer{[&] { value.close(); }};
        const auto never = await_in(m, rt, [&] { return watcher.wait_for(large); });
        closer.join();
        CHECK_FALSE(never.has_value());
        const auto last = await_in(m, rt, [&] { return watcher.wait_for([](int v) { return v == 2; }); });
        CHECK(last == 2);
        CHECK_FALSE(watcher.has_changed());
    });
}

TEST_CASE("a_watched_value_is_changed_in_place") {
    tests::on_one_worker([](bf::backend model) {
        bf::watch<std::vector<int>> list{{}};
        auto watcher = list.subscribe();
        auto wait = bf::spawn(model, [&]() -> bf::task<std::size_t> {
            const auto found = co_await watcher.wait_for([](const std::vector<int>& all) { return all.size() == 2; });
            co_return found ? found->size() : 0;
        });
        let_others_park();
        CHECK(list.modify([](std::vector<int>& all) { all.push_back(1); }));
        let_others_park();
        CHECK_FALSE(wait.done());
        CHECK_FALSE(list.modify([](std::vector<int>&) { return false; }));
        CHECK_THROWS_AS(list.modify([](std::vector<int>&) { throw std::runtime_error{"no"}; }), std::runtime_error);
        CHECK(list.modify([](std::vector<int>& all) {
            all.push_back(2);
            return true;
        }));
        const auto size = bf::await(wait);
        CHECK(size == 2);
        list.close();
        CHECK_FALSE(list.modify([](std::vector<int>& all) { all.clear(); }));
        CHECK(list.get().size() == 2);
    });
}

TEST_CASE("a_broadcast_tells_when_nobody_listens") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::broadcast<int> news{2};
        await_in(m, rt, [&] { return news.closed(); });
        std::optional first{news.subscribe()};
        std::optional second{*first};
        std::thread leaver{[&] {
            first.reset();
            second.reset();
        }};
        await_in(m, rt, [&] { return news.closed(); });
        leaver.join();
        const auto reader = news.subscribe();
        const auto answer = await_in(m, rt, [&] { return bf::try_race(news.closed()); });
        CHECK_FALSE(answer.has_value());
    });
}

namespace {

struct wait_for_scenario : tests::scenario {
    bf::watch<int> value{-1};
    bf::watch<int>::watcher watcher = value.subscribe();
    auto step(int n) {
        return watcher.wait_for([n](int v) { return v >= n; });
    }
    void wake(int n) { (void)value.send(n); }
    bool check(int woken) { return passes <= woken && value.get() == woken - 1; }
};

struct closed_scenario : tests::scenario {
    bf::broadcast<int> news{1};
    std::optional<bf::broadcast<int>::subscription> reader{news.subscribe()};
    auto step(int n) {
        if (n != 0 && !reader) reader.emplace(news.subscribe());
        return news.closed();
    }
    void wake(int) { reader.reset(); }
    bool check(int woken) { return passes <= woken; }
};

}  // namespace

TEST_CASE("cancelled_waits_for_values_and_for_silence_lose_nothing") {
    tests::cancel_everywhere<wait_for_scenario>("wait_for");
    tests::cancel_everywhere<closed_scenario>("closed");
}
