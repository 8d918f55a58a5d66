// A sleep that is set anew while somebody waits for it, and an interval that starts at a moment.
#include "simulated_runtime.hpp"

#include <chrono>
#include <stdexcept>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using tests::clock_mode;
using tests::noon;
using tests::on_simulated_time;

TEST_CASE("a_sleep_that_is_reset_ends_at_its_new_deadline") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock&, bf::runtime& rt, bf::backend on) {
        rt.spawn(on, []() -> bf::task<> {
              bf::sleep limit = bf::sleep_for(10s);
              limit.reset(20s);  // Before the first wait.
              co_await limit;
              CHECK(bf::now() - noon == 20s);
              limit.reset(5s);  // After its end.
              co_await limit;
              CHECK(bf::now() - noon == 25s);
              limit.reset(bf::now() + 1s);
              co_await limit;
              CHECK(bf::now() - noon == 26s);
              limit.reset(bf::now() - 1s);  // In the past.
              co_await limit;
              CHECK(bf::now() - noon == 26s);
          }).join();
    });
}

TEST_CASE("a_sleep_that_is_waited_for_may_be_reset_by_another_part_of_its_task") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock&, bf::runtime& rt, bf::backend on) {
        for (const auto anew : {30s, 3s}) {
            rt.spawn(
                  on,
                  [](std::chrono::seconds until) -> bf::task<> {
                      const auto begin = bf::now();
                      bf::sleep limit = bf::sleep_for(10s);
                      const auto waits = [](bf::sleep& at) -> bf::task<> { co_await at; };
                      const auto resets = [](bf::sleep& at, std::chrono::seconds to) -> bf::task<> {
                          co_await bf::sleep_for(1s);
                          at.reset(to - 1s);
                      };
                      // In either order of their polls.
                      co_await bf::join_all(waits(limit), resets(limit, until));
                      CHECK(bf::now() - begin == until);
                      limit.reset(10s);
                      const auto again = bf::now();
                      co_await bf::join_all(resets(limit, until), waits(limit));
                      CHECK(bf::now() - again == until);
                  },
                  anew)
                .join();
        }
    });
}

TEST_CASE("a_sleep_that_each_message_resets_is_a_limit_on_silence") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock&, bf::runtime& rt, bf::backend on) {
        bf::channel<int> words{1};
        auto speaks = rt.spawn(on, [&words]() -> bf::task<> {
            for (int n = 0; n < 4; ++n) {
                co_await bf::sleep_for(2s);
                (void)co_await words.send(n);
            }
        });
        auto hears = rt.spawn(on, [&words]() -> bf::task<int> {
            int heard = 0;
            bf::sleep silence = bf::sleep_for(3s);
            for (;;) {
                auto word = words.recv();
                auto first = co_await bf::select(word, silence);
                if (first.index() == 1) co_return heard;
                ++heard;
                silence.reset(3s);
            }
        });
        CHECK(hears.join() == 4);
        speaks.join();
    });
}

TEST_CASE("an_interval_starts_at_its_moment") {
    on_simulated_time(clock_mode::automatic, [](bf::simulated_clock&, bf::runtime& rt, bf::backend on) {
        rt.spawn(on, []() -> bf::task<> {
              bf::interval ticks{4s, bf::now() + 10s};
              std::vector<std::chrono::nanoseconds> due;
              for (int n = 0; n < 3; ++n) {
                  const auto at = co_await ticks.tick();
                  CHECK(bf::now() == at);
                  due.push_back(at - noon);
              }
              CHECK(due == std::vector<std::chrono::nanoseconds>{10s, 14s, 18s});
              // From the past: what was missed comes at once, or not at all.
              bf::interval burst{4s, bf::now() - 6s};
              co_await burst.tick();
              co_await burst.tick();
              CHECK(bf::now() - noon == 18s);
              bf::interval skip{4s, bf::now() - 6s, bf::missed_tick::skip};
              co_await skip.tick();
              co_await skip.tick();
              CHECK(bf::now() - noon == 20s);
          }).join();
    });
    CHECK_THROWS_AS(bf::interval(0s, noon), std::invalid_argument);
}
