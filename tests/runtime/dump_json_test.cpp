// The JSON of a dump, read by another's parser.
#if __has_include(<nlohmann/json.hpp>)
#include "catch.hpp"
#include "one_worker.hpp"
#include "signals_come.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace bf = bifilar;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const json* find_task(const json& dump, const std::string& name) {
    const auto found =
        std::ranges::find_if(dump["tasks"], [&](const json& one) { return one.value("name", "") == name; });
    return found != dump["tasks"].end() ? &*found : nullptr;
}

}  // namespace

TEST_CASE("the_json_of_a_dump_says_what_the_dump_says") {
    if (!tests::signals_come_at_once) return;
    const std::string odd_name = "a \"quoted\\ name\n\x01";
    bf::mutex left, right;
    bf::barrier both_have{2};
    bf::runtime rt{both::small_runtime(2)};
    const auto spawn = [&](const std::string& name, bf::mutex& first, bf::mutex& second) {
        bf::spawn_options options;
        options.name = name;
        return rt.spawn(options, [&]() -> bf::task<> {
            const auto one = co_await first.lock();
            (void)co_await both_have.arrive_and_wait();
            (void)co_await bf::race(second.lock(), second.lock());
        });
    };
    auto one = spawn(odd_name, left, right);
    auto other = spawn("other", right, left);
    json dump;
    const json* found = nullptr;
    do {
        dump = json::parse(rt.dump().json());
        found = find_task(dump, odd_name);
    } while (found == nullptr || dump["deadlocks"].empty());
    CHECK(dump["workers"] == 2);
    CHECK(dump["pauses"] >= 1);
    CHECK(dump["longest_pause_ns"] > 0);
    CHECK(!dump.contains("problem"));
    CHECK((*found)["model"] == "coroutine");
    CHECK((*found)["state"] == "parked");
    CHECK(!found->contains("worker"));
    CHECK((*found)["spawned_at"].get<std::string>().find("dump_json_test.cpp:") != std::string::npos);
    const json& waits = (*found)["waits"];
    REQUIRE(waits["any_of"].size() == 2);
    const json* const holder = find_task(dump, "other");
    REQUIRE(holder != nullptr);
    CHECK(waits["any_of"][0]["holder"] == (*holder)["address"]);
    REQUIRE(waits["frames"].size() == 1);
    CHECK(waits["frames"][0]["line"] > 0);
    CHECK(waits["frames"][0]["code"].get<std::string>().starts_with("0x"));
    REQUIRE(dump["deadlocks"].size() == 1);
    CHECK(dump["deadlocks"][0]["certain"].is_boolean());
    CHECK(dump["deadlocks"][0]["tasks"].size() == 2);
    one.cancel();
    other.cancel();
    rt.shutdown();
}
#endif
