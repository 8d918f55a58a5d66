// The kernel of one seed.
#pragma once

#include <bifilar/base/detail/decisions.hpp>
#include <bifilar/drivers/simulated/simulated_kernel.hpp>
#include <bifilar/simulation/options.hpp>

namespace bifilar::simulation {

/// Of which things it makes how many follows from the seed, so that seeds differ in more than in single decisions.
[[nodiscard]] simulated_kernel_options kernel_options(const options& how, const base::decisions& by);
/// Plans failures of all operations, where the options ask for them.
void plan_failures(simulated_kernel& kernel, const options& how, const base::decisions& by);

}  // namespace bifilar::simulation
