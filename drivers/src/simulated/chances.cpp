// Both sources of chance. Of the generator the order of the draws is a part of what a seed means.
#include "chances.hpp"

#include <algorithm>
#include <limits>

namespace bifilar::drivers {

bool chances::happens(kind which, std::uint32_t subject, double share) noexcept {
    if (simulation_ == nullptr) return share > 0 && draw() < share;
    // Always asked: a plan may name what the options leave out.
    return simulation_->by().chance(which, subject, share);
}

std::int64_t chances::nanoseconds(std::uint32_t subject, std::chrono::nanoseconds least,
                                  std::chrono::nanoseconds most) noexcept {
    const auto spread = static_cast<std::uint64_t>((most - least).count());
    // The longest delay is possible as well.
    const auto from = [&](std::uint64_t bits) {
        return static_cast<std::uint64_t>(least.count()) + (spread == 0 ? 0 : bits % (spread + 1));
    };
    if (simulation_ == nullptr) return static_cast<std::int64_t>(spread == 0 ? from(0) : from(random_.next()));
    return static_cast<std::int64_t>(simulation_->by().decide(kind::delay, subject, from));
}

std::int64_t chances::late_end(std::uint32_t subject, double share, std::chrono::nanoseconds least,
                               std::chrono::nanoseconds most) noexcept {
    if (simulation_ == nullptr) return happens(kind::late_end, subject, share) ? nanoseconds(subject, least, most) : 0;
    const auto spread = static_cast<std::uint64_t>((most - least).count());
    const std::uint64_t late = simulation_->by().decide(kind::late_end, subject, [&](std::uint64_t bits) {
        if (base::decisions::unit(bits) >= share) return std::uint64_t{0};
        return 1 + static_cast<std::uint64_t>(least.count()) + base::decisions::mixed(bits) % (spread + 1);
    });
    return late == 0 ? 0 : static_cast<std::int64_t>(late - 1);
}

std::size_t chances::before(std::size_t end) noexcept {
    if (simulation_ == nullptr) return random_.below(static_cast<std::uint32_t>(end));
    base::decisions& by = simulation_->by();
    return end - 1 - by.seldom(kind::swap, 0, by.temper(kind::swap), end - 1) % end;
}

// From `least` to one less than all.
std::size_t chances::left_of(std::size_t bytes, std::size_t least, std::uint64_t bits) noexcept {
    const auto span = std::min<std::uint64_t>(bytes - least, std::numeric_limits<std::uint32_t>::max());
    return least + static_cast<std::size_t>(((bits >> 32) * span) >> 32);
}

}  // namespace bifilar::drivers
