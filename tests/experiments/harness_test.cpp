// What the harness of the experiments does with repetitions that fail: whose fault it is decides whether the page ends.
// Each case runs a page of its own, whose contenders fail as the case says.
#include "catch.hpp"
#include "io/scratch_directory.hpp"

#include <cstdlib>
#include <fstream>
#include <harness/run.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bifilar::experiments {

namespace {

constexpr int repetitions = 4;

struct written_page {
    int code = 0;
    nlohmann::json workloads;  // Null where nothing was written.
};

written_page run_page(std::vector<workload> works) {
    const tests::scratch_directory folder;
    std::string file = folder / "page.json";
    experiment all{"page", repetitions, 1};
    std::string program = "page";
    std::string option = "--json";
    char* arguments[] = {program.data(), option.data(), file.data(), nullptr};
    all.parse(3, arguments);
    for (workload& one : works) all.add(std::move(one));
    written_page result{all.run(), {}};
    if (std::ifstream in{file}; in) result.workloads = nlohmann::json::parse(in)["workloads"];
    return result;
}

workload job(std::vector<contender> contenders) {
    workload work{"job", "a job", "ns", 1, 1, {}};
    work.contenders = std::move(contenders);
    return work;
}

sample right() { return {1, 1, {}}; }
sample wrong() { return {1, 2, {}}; }

contender peer(const std::string& script) {
    return {"peer", [=] { return run_peer("/bin/sh", {"-c", script}); }, false, true};
}

}  // namespace

TEST_CASE("a_repetition_that_failed_is_repeated_once_and_noted", "[harness]") {
    int calls = 0;
    const written_page page = run_page({job({{"ours", [&] {
                                                  if (++calls == 3) throw std::runtime_error{"busy"};
                                                  return right();
                                              }}})});
    CHECK(page.code == 0);
    const nlohmann::json& work = page.workloads.at(0);
    CHECK(work["contenders"][0]["samples"].size() == repetitions);
    REQUIRE(work["repeated"].size() == 1);
    CHECK(work["repeated"][0]["name"] == "ours");
    CHECK(work["repeated"][0]["repetition"] == 2);  // The first call was the warm-up's.
    CHECK(work["repeated"][0]["reason"] == "busy");
    CHECK_FALSE(work.contains("refused"));
}

TEST_CASE("a_contender_that_fails_twice_is_left_out_and_the_rest_goes_on", "[harness]") {
    int calls = 0;
    const written_page page = run_page({job({{"refused",
                                              [&]() -> sample {
                                                  ++calls;
                                                  throw std::runtime_error{"no memory"};
                                              }},
                                             {"other", right}})});
    CHECK(page.code == 0);
    CHECK(calls == 2);
    CHECK(page.workloads[0]["refused"][0]["reason"] == "no memory");
    CHECK(page.workloads[0]["contenders"].size() == 1);
}

TEST_CASE("a_peer_that_crashes_is_left_out_with_what_it_said", "[harness]") {
    const written_page page = run_page({job({{"ours", right}, peer("echo panicked >&2; kill -ABRT $$")})});
    CHECK(page.code == 0);
    CHECK(page.workloads[0]["contenders"].size() == 1);
    REQUIRE(page.workloads[0]["refused"].size() == 1);
    CHECK(page.workloads[0]["refused"][0]["reason"] == "crashed with signal 6: panicked");
}

TEST_CASE("a_peer_with_a_wrong_answer_is_left_out", "[harness]") {
    const written_page page = run_page({job({{"ours", right}, peer(R"(echo '{"value": 1, "answer": 2}')")})});
    CHECK(page.code == 0);
    CHECK(page.workloads[0]["refused"].size() == 1);
}

TEST_CASE("a_wrong_answer_of_ours_ends_the_page_at_once", "[harness]") {
    int calls = 0;
    bool later = false;
    const written_page page = run_page({job({{"ours",
                                              [&] {
                                                  ++calls;
                                                  return wrong();
                                              }}}),
                                        job({{"later", [&] {
                                                  later = true;
                                                  return right();
                                              }}})});
    CHECK(page.code == 1);
    CHECK(calls == 1);
    CHECK_FALSE(later);
    CHECK(page.workloads.is_null());
}

TEST_CASE("a_crash_of_ours_ends_the_page", "[harness]") {
    workload work = job({{"ours", []() -> sample { std::abort(); }}});
    work.isolated = true;
    const written_page page = run_page({std::move(work)});
    CHECK(page.code == 1);
    CHECK(page.workloads.is_null());
}

TEST_CASE("a_doubtful_reading_is_a_fault_only_when_it_comes_twice", "[harness]") {
    int calls = 0;
    const written_page once = run_page({job({{"ours", [&] {
                                                  if (++calls == 2) throw doubtful{"it ran"};
                                                  return right();
                                              }}})});
    CHECK(once.code == 0);
    CHECK(once.workloads[0]["repeated"].size() == 1);
    const written_page twice = run_page({job({{"ours", []() -> sample { throw doubtful{"it ran"}; }}})});
    CHECK(twice.code == 1);
    CHECK(twice.workloads.is_null());
}

TEST_CASE("workloads_that_are_compared_take_turns", "[harness]") {
    std::string order;
    std::vector<workload> works;
    for (const char letter : {'a', 'b', 'c'}) {
        works.push_back(job({{"ours", [&order, letter] {
                                  order += letter;
                                  return right();
                              }}}));
        if (letter != 'c') works.back().in_turns = "pair";
    }
    const written_page page = run_page(std::move(works));
    CHECK(order == "ababababab" + std::string(5, 'c'));  // A warm-up and four repetitions of each.
    CHECK(page.workloads.size() == 3);
}

TEST_CASE("many_repetitions_are_taken_at_three_times_each_after_a_warm_up", "[harness]") {
    std::string order;
    const auto writing = [&order](char letter) {
        return [&order, letter] {
            order += letter;
            return right();
        };
    };
    workload many = job({{"ours", writing('a')}, {"slow", writing('s'), true}});
    many.repetitions = 25;
    const written_page page = run_page({std::move(many), job({{"ours", writing('b')}})});
    const std::string third = "asaaasaaasaa";  // The warm-up and eight rounds.
    CHECK(order == third + "bbbbb" + "asasaaasaaasa" + "asaasaaasaaasa");
    CHECK(page.workloads[0]["parts"] == 3);
    CHECK_FALSE(page.workloads[1].contains("parts"));
    CHECK(page.workloads[0]["contenders"][0]["samples"].size() == 25);
    CHECK(page.workloads[0]["contenders"][1]["samples"].size() == 8);
}

}  // namespace bifilar::experiments
