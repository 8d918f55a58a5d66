// A task that waits for a mutex that it has locked itself is told so, by name; debug builds know.
#include "both/in_each_model.hpp"
#include "last_words.hpp"

#include <chrono>
#include <string>

#if defined(BIFILAR_DEBUG)

using namespace std::chrono_literals;
using namespace both;
using Catch::Matchers::Contains;

namespace {

bf::task<> lock_twice(bool lends) {
    bf::mutex mutex;
    auto held = co_await mutex.lock();
    if (lends) held.unlock();
    auto again = co_await bf::timeout(mutex.lock(), 1ms);
    CHECK(again.has_value() == lends);
    if (!lends) held.unlock();
    // What was unlocked belongs to nobody.
    if (!lends) (void)co_await mutex.lock();
}

}  // namespace

TEST_CASE("a_task_that_waits_for_its_own_lock_is_named") {
    if (!tests::children_have_threads) return;
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        const auto words = [on](bool lends) {
            return tests::dies([on, lends] {
                bf::runtime rt{small_runtime(1)};
                bf::spawn_options options;
                options.on = on;
                options.name = "the careless";
                rt.spawn(options, lock_twice, lends).join();
            });
        };
        const tests::last_words twice = words(false);
        CHECK(twice.signal == 0);
        CHECK_THAT(twice.text, Contains("waits for a mutex that it has locked itself"));
        CHECK_THAT(twice.text, Contains("task the careless"));
        CHECK(twice.text.find("itself") == twice.text.rfind("itself"));
        CHECK(words(true).text.empty());
    }
}

#endif
