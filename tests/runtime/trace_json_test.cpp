// A trace for Perfetto, read by another's parser.
#if __has_include(<nlohmann/json.hpp>)
#include "catch.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace bf = bifilar;

TEST_CASE("a_trace_for_perfetto_has_tracks_of_workers_and_tasks_and_arrows") {
    bf::runtime_options traced;
    traced.workers = 1;
    traced.trace_bytes = 1 << 20;
    bf::runtime made{traced};
    made.run([]() -> bf::task<> {
        bf::channel<int> there{1};
        bf::spawn_options options;
        options.name = "reader \"1\"";
        auto reader = bf::spawn(
            options,
            [](bf::channel<int>& from) -> bf::task<> {
                const bf::trace_span span{"reads"};
                while (co_await from.recv()) {
                }
            },
            std::ref(there));
        for (int n = 0; n < 3; ++n) {
            co_await there.send(n);
            co_await bf::yield_now();
        }
        there.close();
        co_await std::move(reader);
    });
    const nlohmann::json whole = nlohmann::json::parse(made.trace().chrome_json());
    std::map<std::string, int> phases;
    std::map<std::string, int> names;
    std::map<std::uint64_t, int> open;
    for (const auto& one : whole.at("traceEvents")) {
        const std::string phase = one.at("ph");
        ++phases[phase];
        ++names[one.at("name")];
        CHECK((one.at("pid") == 1 || one.at("pid") == 2));
        if (phase != "M") CHECK(one.at("ts").get<double>() >= 0);
        if (phase == "X") CHECK(one.at("dur").get<double>() >= 0);
        if (phase == "b") ++open[one.at("id")];
        if (phase == "e") --open[one.at("id")];
    }
    CHECK(phases["M"] == 3);
    CHECK(phases["s"] == phases["f"]);
    CHECK(phases["s"] >= 3);
    for (const auto& [task, depth] : open) CHECK(depth == 0);
    CHECK(names["reads"] == 2);
    CHECK(std::ranges::any_of(names, [](const auto& one) { return one.first.starts_with("reader \"1\" #"); }));
}
#endif
