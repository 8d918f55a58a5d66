// Quotas as containers set them. A quota of one and a half processors gets two workers.
#include <bifilar/sched/detail/cpu_quota.hpp>

#include <bifilar/sched/detail/topology.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace bifilar::sched {
namespace {

std::string first_line(const std::string& path) {
    // Empty where there is no such file: another version of cgroups, or none.
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

std::uint32_t processors(long long quota_us, long long period_us) noexcept {
    // Version 1 says -1 where there is no quota.
    if (quota_us <= 0 || period_us <= 0) return 0;
    return static_cast<std::uint32_t>(std::clamp<long long>((quota_us + period_us - 1) / period_us, 1, max_workers));
}

// "max 100000" or "150000 100000".
std::uint32_t parse_cpu_max(const std::string& line) {
    std::istringstream words{line};
    std::string quota;
    long long period_us = 0;
    if (!(words >> quota >> period_us) || quota == "max") return 0;
    return processors(std::atoll(quota.c_str()), period_us);
}

// The cgroup of this process and all above it may have quotas; the smallest counts.
std::uint32_t version_2(const std::string& root) {
    std::ifstream groups{root + "/proc/self/cgroup"};
    std::string line;
    std::uint32_t least = 0;
    while (std::getline(groups, line)) {
        // The one line of version 2; all others name hierarchies of version 1.
        if (!line.starts_with("0::")) continue;
        std::string path = line.substr(3);
        for (;;) {
            const std::string folder = root + "/sys/fs/cgroup" + (path == "/" ? "" : path);
            const std::uint32_t here = parse_cpu_max(first_line(folder + "/cpu.max"));
            if (here != 0) least = least == 0 ? here : std::min(least, here);
            // Up to the root of what this process sees.
            const std::size_t slash = path.rfind('/');
            if (path.empty() || slash == std::string::npos || path == "/") break;
            path = slash == 0 ? "/" : path.substr(0, slash);
        }
    }
    return least;
}

std::uint32_t version_1(const std::string& root) {
    const std::string folder = root + "/sys/fs/cgroup/cpu/";
    const std::string quota = first_line(folder + "cpu.cfs_quota_us");
    const std::string period = first_line(folder + "cpu.cfs_period_us");
    if (quota.empty() || period.empty()) return 0;
    return processors(std::atoll(quota.c_str()), std::atoll(period.c_str()));
}

}  // namespace

std::uint32_t cgroup_quota(const std::string& root) {
    const std::uint32_t quota = version_2(root);
    return quota != 0 ? quota : version_1(root);
}

std::uint32_t default_workers(const std::string& root) {
    if (const char* const text = std::getenv("BIFILAR_WORKERS"); text != nullptr && *text != '\0') {
        // A word that cannot be understood is refused: to start with a default instead would surprise.
        std::uint32_t value = 0;
        const char* const end = text + std::strlen(text);
        const auto [stop, error] = std::from_chars(text, end, value);
        if (error != std::errc{} || stop != end || value == 0 || value > max_workers)
            throw std::invalid_argument{std::string{"BIFILAR_WORKERS is '"} + text + "'; give a number from 1 to 4096"};
        return value;
    }
    const auto usable = static_cast<std::uint32_t>(usable_processors().size());
    const std::uint32_t quota = cgroup_quota(root);
    return quota == 0 ? usable : std::min(usable, quota);
}

}  // namespace bifilar::sched
