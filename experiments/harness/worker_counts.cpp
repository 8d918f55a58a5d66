// The numbers of workers that a sweep runs with, as --workers gives them.
// Builds on arguments.hpp, whose refusals name the remedy.
#include "worker_counts.hpp"

#include <charconv>
#include <set>
#include <sstream>
#include <system_error>

#include "arguments.hpp"
#include "pin.hpp"

namespace bifilar::experiments {

std::vector<std::uint32_t> worker_counts(const std::string& list, std::uint32_t processors) {
    std::set<std::uint32_t> counts;
    if (list == "doubling") {
        for (std::uint32_t count = 1; count < processors; count *= 2) counts.insert(count);
        counts.insert(processors);
        return {counts.begin(), counts.end()};
    }
    std::istringstream parts{list};
    for (std::string part; std::getline(parts, part, ',');) {
        std::uint32_t count = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), count);
        if (error != std::errc{} || end != part.data() + part.size() || count == 0 || count > max_workers)
            refuse("--workers is '" + part + "'; give whole numbers from 1 to " + std::to_string(max_workers) +
                   ", as 1,2,4, or doubling");
        counts.insert(count);
    }
    if (counts.empty()) refuse("--workers has no number; give some, as 1,2,4, or doubling");
    return {counts.begin(), counts.end()};
}

std::string workers_here(std::uint32_t workers) {
    const std::size_t processors = allowed_processors().size();
    const std::string count = std::to_string(workers) + (workers == 1 ? " worker" : " workers");
    return workers <= processors ? count
                                 : count + " on " + std::to_string(processors) +
                                       (processors == 1 ? " processor" : " processors") + ", oversubscribed";
}

}  // namespace bifilar::experiments
