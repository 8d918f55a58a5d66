// Litmus tests: a few threads of a few operations, and the outcomes that the standard allows.
// Builds on engine. Names as in "Herding Cats" (Alglave, Maranget, Tautschnig 2014) and "Repairing Sequential
// Consistency in C/C++11" (Lahav et al. 2017).
#pragma once

#include "engine.hpp"

#include <bifilar/base/detail/atomic.hpp>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace model {

/// What the threads of a litmus test share: atomics that begin at 0, and what each has read.
struct variables {
    bifilar::base::atomic<int> x{0};
    bifilar::base::atomic<int> y{0};
    bifilar::base::atomic<int> z{0};
    std::array<int, 4> r{};
};

struct litmus {
    std::string name{};
    std::vector<std::function<void(variables&)>> threads{};
    /// For each digit of an outcome the values that it could have. An outcome is r[0], r[1] and so on, and then what
    /// `finals` names: an atomic's last value.
    std::vector<std::string> values{};
    /// These of their combinations the standard forbids, and no others.
    std::vector<std::string> forbidden{};
    std::string finals{};
    unsigned future_reads = 0;
};

/// Every allowed outcome is found, and nothing else: with the reduction, without it, and with future reads. Prints the
/// numbers of executions.
void check_litmus(const litmus& test);

}  // namespace model
