// What tasks note of themselves, as a dump tells it.
#include "catch.hpp"
#include "environment.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace bf = bifilar;
using Catch::Matchers::Contains;

TEST_CASE("a_dump_has_the_accounts_that_tasks_keep") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime_options options;
        options.workers = 1;
        options.task_records = true;
        bf::runtime made{options};
        bf::event until;
        std::atomic<bool> waits = false;
        auto parent = made.spawn([&, on]() -> bf::task<> {
            bf::spawn_options child;
            child.on = on;
            child.name = "child";
            co_await bf::spawn(child, [&] {
                waits = true;
                return until.wait();
            });
        });
        while (!waits) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        const bf::runtime_dump seen = made.dump();
        const auto of = [&](std::string_view name) {
            return *std::ranges::find(seen.tasks(), name, &bf::dumped_task::name);
        };
        const bf::dumped_task child = of("child");
        const bf::dumped_task other = of("");
        CHECK(child.number > other.number);
        CHECK(child.parent == other.number);
        CHECK(other.parent == 0);
        CHECK(child.age >= child.since);
        CHECK(child.since >= std::chrono::milliseconds{20});
        CHECK(child.polls == 1);
        CHECK(child.busy == child.longest);
        CHECK(child.busy > std::chrono::nanoseconds{0});
        CHECK_THAT(seen.text(), Contains("#" + std::to_string(child.number) + " \"child\"") &&
                                    Contains("spawned by #" + std::to_string(other.number)));
        until.set();
        parent.join();
    }
}

TEST_CASE("tasks_keep_no_account_unless_asked") {
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime made{options};
    bf::event until;
    auto task = made.spawn([&]() -> bf::task<> { co_await until.wait(); });
    const bf::runtime_dump seen = made.dump();
    REQUIRE(seen.tasks().size() == 1);
    CHECK(seen.tasks().front().number == 0);
    CHECK(seen.tasks().front().age.count() == 0);
    CHECK_THAT(seen.text(), !Contains("has run"));
    CHECK_THAT(seen.json(), !Contains("age_ns"));
    until.set();
    task.join();
}

TEST_CASE("the_environment_may_ask_for_accounts_and_the_program_decides") {
    const auto number = [](std::optional<bool> own) {
        bf::runtime_options options;
        options.workers = 1;
        options.task_records = own;
        bf::runtime made{options};
        return made.run([] { return bf::this_runtime::dump().tasks().front().number; });
    };
    {
        const tests::environment_variable asks{"BIFILAR_TASK_RECORDS", "1"};
        CHECK(number(std::nullopt) != 0);
        CHECK(number(false) == 0);
    }
    {
        const tests::environment_variable refuses{"BIFILAR_TASK_RECORDS", "0"};
        CHECK(number(std::nullopt) == 0);
        CHECK(number(true) != 0);
    }
    const tests::environment_variable bad{"BIFILAR_TASK_RECORDS", "yes"};
    CHECK_THROWS_WITH(number(std::nullopt), Contains("BIFILAR_TASK_RECORDS is 'yes'; give 1 or 0"));
}
