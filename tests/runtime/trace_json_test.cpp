// A trace for Perfetto, read by another's parser and looked at as Perfetto does.
#if __has_include(<nlohmann/json.hpp>)
#include "catch.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bf = bifilar;
using nlohmann::json;

namespace {

bf::runtime_options traced(std::uint32_t workers) {
    bf::runtime_options made;
    made.workers = workers;
    made.trace_bytes = 1 << 20;
    return made;
}

bf::task<> read_all(bf::channel<int>& from) {
    const bf::trace_span span{"reads"};
    while (co_await from.recv()) {
        const bf::trace_span part{"handles"};
        co_await bf::yield_now();
    }
}

// Whoever sends has woken the reader, and the reader's end wakes who has joined it: a fiber, which runs by itself.
bf::task<> converse() {
    bf::channel<int> there{1};
    bf::spawn_options options;
    options.name = "reader \"1\"\xff";
    auto reader = bf::spawn(options, read_all, std::ref(there));
    for (int n = 0; n < 3; ++n) {
        (co_await there.send(n)).value();
        co_await bf::yield_now();
    }
    auto joins = bf::spawn(bf::backend::stackful, [&reader] { bf::await(std::move(reader)); });
    co_await bf::yield_now();
    there.close();
    co_await std::move(joins);
}

// Slices of one thread lie in each other or apart; they come in the order of their beginnings.
void check_slices(const std::vector<std::pair<double, double>>& slices) {
    std::vector<double> open;
    double before = 0;
    for (const auto& [from, to] : slices) {
        CHECK(from >= before);
        before = from;
        while (!open.empty() && open.back() <= from) open.pop_back();
        if (!open.empty()) CHECK(to <= open.back());
        open.push_back(to);
    }
}

}  // namespace

TEST_CASE("a_trace_for_perfetto_has_tracks_of_workers_and_tasks_and_arrows") {
    for (const std::uint32_t workers : {1U, 2U}) {
        bf::runtime made{traced(workers)};
        made.run(converse);
        const json whole = json::parse(made.trace().chrome_json());
        std::map<int, std::vector<std::pair<double, double>>> threads;
        std::map<std::string, std::vector<std::string>> tracks;  // What is open in each.
        std::map<std::string, int> phases;
        std::map<std::string, int> names;
        std::map<int, std::string> thread_names;
        for (const json& one : whole.at("traceEvents")) {
            const std::string phase = one.at("ph"), name = one.at("name");
            ++phases[phase];
            ++names[name];
            CHECK(one.at("pid") ==
                  (phase == "b" || phase == "e" || one.dump().find("\"tasks\"") != std::string::npos ? 2 : 1));
            if (one.contains("tid")) CHECK(one.at("tid") != 0);
            if (name == "thread_name") thread_names[one.at("tid")] = one.at("args").at("name");
            if (phase == "X") {
                const double from = one.at("ts");
                threads[one.at("tid")].push_back({from, from + one.at("dur").get<double>() - 0.0005});
            }
            if (phase != "b" && phase != "e") continue;
            auto& open = tracks[one.at("cat").get<std::string>() + one.at("id2").at("local").get<std::string>()];
            if (phase == "b") {
                open.push_back(name);
                continue;
            }
            REQUIRE(!open.empty());
            CHECK(open.back() == name);
            open.pop_back();
        }
        CHECK(phases["M"] == 2 + static_cast<int>(workers));
        CHECK(thread_names.size() == workers);
        CHECK(thread_names.at(1) == "worker 0");
        CHECK(phases["s"] == phases["f"]);
        CHECK(phases["s"] >= 1);
        for (const auto& [thread, slices] : threads) check_slices(slices);
        for (const auto& [track, open] : tracks) CHECK(open.empty());
        CHECK(names["reads"] == 2);
        CHECK(names["handles"] == 6);
        // What is no UTF-8 is replaced.
        CHECK(names["reader \"1\"\xef\xbf\xbd"] == 2);
    }
}

// A fiber runs by itself, so its end wakes who waits for it.
TEST_CASE("an_arrow_leads_from_the_end_of_a_task_to_who_has_joined_it") {
    bf::runtime made{traced(1)};
    made.run([] {
        bf::spawn_options options;
        options.name = "child";
        options.on = bf::backend::stackful;
        bf::await(bf::spawn(options, [] { bf::await(bf::yield_now()); }));
    });
    const json whole = json::parse(made.trace().chrome_json());
    double end = 0;
    std::vector<double> arrows;
    for (const json& one : whole.at("traceEvents")) {
        if (one.at("ph") == "X" && one.at("name").get<std::string>().starts_with("child #"))
            end = one.at("ts").get<double>() + one.at("dur").get<double>();
        if (one.at("ph") == "s") arrows.push_back(one.at("ts"));
    }
    CHECK(end > 0);
    CHECK(std::ranges::any_of(arrows, [end](double from) { return from > end - 0.002 && from < end + 0.002; }));
}
#endif
