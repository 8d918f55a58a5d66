// How many processors this process may keep busy: the affinity mask, the cgroup's quota, and the user's word.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstdint>
#include <string>

namespace bifilar::sched {

/// The most workers of one runtime.
inline constexpr std::uint32_t max_workers = 4096;

/// BIFILAR_WORKERS, else the smaller of affinity mask and cgroup quota, at least 1. Reads /proc and the cgroup file
/// system below `root` ("" for the real one). Throws std::invalid_argument when BIFILAR_WORKERS is not a number
/// from 1 to 4096, and says so.
[[nodiscard]] std::uint32_t default_workers(const std::string& root = "");

/// Processors that the cgroup's CPU quota allows, rounded up; 0: no quota. Version 2 (cpu.max), else version 1.
[[nodiscard]] std::uint32_t cgroup_quota(const std::string& root = "");

}  // namespace bifilar::sched
