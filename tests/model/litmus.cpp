// Runs one litmus test with no bound but for future reads, and compares the outcomes.
// Builds on engine.
#include "litmus.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <set>

namespace model {
namespace {

using outcomes = std::set<std::string>;

outcomes allowed(const litmus& test) {
    outcomes all{""};
    for (const std::string& digits : test.values) {
        outcomes longer;
        for (const std::string& each : all)
            for (const char digit : digits) longer.insert(each + digit);
        all = std::move(longer);
    }
    for (const std::string& each : test.forbidden) {
        INFO(test.name << " does not know " << each);
        CHECK(all.erase(each) == 1);
    }
    return all;
}

std::string outcome_of(const litmus& test, const variables& shared) {
    std::string digits;
    const std::size_t registers = test.values.size() - test.finals.size();
    for (std::size_t i = 0; i < registers; ++i) digits += static_cast<char>('0' + shared.r[i]);
    for (const char name : test.finals) {
        const auto& last = name == 'x' ? shared.x : name == 'y' ? shared.y : shared.z;
        digits += static_cast<char>('0' + last.load());
    }
    return digits;
}

struct finding {
    outcomes found;
    report how;
};

finding search_outcomes(const litmus& test, bool reduces, unsigned future_reads) {
    finding all;
    const options how{.name = test.name,
                      .preemptions = unlimited,
                      .stale_reads = unlimited,
                      .early_stores = unlimited,
                      .future_reads = future_reads,
                      .reduces = reduces,
                      .max_seconds = 60};
    all.how = explore(how, [&](world& world) {
        auto* const shared = world.make<variables>();
        int number = 0;
        for (const auto& run : test.threads)
            world.thread("t" + std::to_string(number++), [&run, shared] { run(*shared); });
        world.finally([&test, &all, shared] { all.found.insert(outcome_of(test, *shared)); });
    });
    return all;
}

std::string text_of(const outcomes& these) {
    std::string text;
    for (const std::string& each : these) text += each + ' ';
    return text;
}

}  // namespace

void check_litmus(const litmus& test) {
    const outcomes expected = allowed(test);
    const finding cut = search_outcomes(test, true, 0);
    const finding whole = search_outcomes(test, false, 0);
    const finding ahead = search_outcomes(test, false, std::max(test.future_reads, 1U));
    std::printf("litmus %-56s %5llu of %5llu executions, %6llu and %6llu discarded with future reads, %2zu outcomes\n",
                test.name.c_str(), static_cast<unsigned long long>(cut.how.executions - cut.how.cut),
                static_cast<unsigned long long>(whole.how.executions),
                static_cast<unsigned long long>(ahead.how.executions - ahead.how.discarded),
                static_cast<unsigned long long>(ahead.how.discarded), ahead.found.size());
    std::fflush(stdout);
    INFO(test.name << ": " << cut.how.message << whole.how.message << ahead.how.message);
    CHECK((cut.how.exhaustive && whole.how.exhaustive && ahead.how.exhaustive));
    CHECK(text_of(ahead.found) == text_of(expected));
    CHECK(text_of(cut.found) == text_of(whole.found));
    CHECK(cut.how.executions <= whole.how.executions);
    // Where nothing is to be read ahead, a search without that misses nothing.
    if (test.future_reads == 0) CHECK(text_of(whole.found) == text_of(expected));
}

}  // namespace model
