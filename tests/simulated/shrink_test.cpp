// How a plan is made short: by trials alone, which here are a question and no simulation.
#include <catch.hpp>

#include "simulation/shrink.hpp"
#include <bifilar/simulation/plan.hpp>

#include <algorithm>
#include <string>

namespace {

namespace simulation = bifilar::simulation;
using simulation::decision_list;

const std::string whole = "preempt.4097.2=1 next.0.0=1 next.0.1=2 cut.1.1=40 fault.0.3=24 delay.16.0=5000000";

/// Fails with a cut to 10 bytes or more and the fault, and counts how often it was asked.
class two_that_matter {
public:
    std::optional<decision_list> operator()(const decision_list& tried) {
        ++asked;
        const auto has = [&](bifilar::base::decision_kind kind, std::uint64_t least) {
            return std::ranges::any_of(tried,
                                       [&](const auto& one) { return one.kind() == kind && one.value >= least; });
        };
        using enum bifilar::base::decision_kind;
        return has(cut, 10) && has(fault, 1) ? std::optional{tried} : std::nullopt;
    }
    int asked = 0;
};

TEST_CASE("a_plan_is_shrunk_to_the_decisions_that_matter") {
    two_that_matter fails;
    const auto shortest = simulation::shrink(simulation::plan::parse(whole).decisions(), std::ref(fails), 1'000);
    CHECK(simulation::plan{shortest}.code() == "cut.1.1=20 fault.0.3=24");
    CHECK(fails.asked < 30);
}

TEST_CASE("a_plan_is_shrunk_by_no_more_trials_than_are_allowed") {
    for (const int most : {0, 1, 5}) {
        two_that_matter fails;
        const auto shorter = simulation::shrink(simulation::plan::parse(whole).decisions(), std::ref(fails),
                                                static_cast<std::uint32_t>(most));
        CHECK(fails.asked == most);
        CHECK(fails(shorter).has_value());
    }
}

}  // namespace
