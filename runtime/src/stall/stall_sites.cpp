// A place that is not known yet takes that of another when there are many.
#include "stall_sites.hpp"

#include <algorithm>
#include <utility>

namespace bifilar::stall {

std::optional<std::uint64_t> stall_sites::admit(const std::string& place, base::instant_ns now) {
    if (sites_.size() >= max_sites && !sites_.contains(place)) make_room();
    site& at = sites_[place];
    const bool spoke = at.reported_ns != 0 && now - at.reported_ns < silence_ns;
    if (spoke || !reports_.take(now)) {
        ++at.unreported;
        return std::nullopt;
    }
    at.reported_ns = now;
    return std::exchange(at.unreported, 0);
}

void stall_sites::make_room() {
    const auto oldest = std::ranges::min_element(
        sites_, [](const auto& one, const auto& other) { return one.second.reported_ns < other.second.reported_ns; });
    sites_.erase(oldest);
}

}  // namespace bifilar::stall
