// A runtime whose scheduler has other rules: for experiments, and for tests that need them.
#pragma once

#include <bifilar/runtime/runtime.hpp>
#include <bifilar/sched/detail/tuning.hpp>
#include <utility>

namespace bifilar::detail {

class tuned_runtime : public runtime {
public:
    /// As runtime's; throws std::invalid_argument for a rule that is out of range, too, and says which.
    explicit tuned_runtime(runtime_options options, const sched::tuning& rules) : runtime{std::move(options), rules} {}
};

}  // namespace bifilar::detail
