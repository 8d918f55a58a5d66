// The numbers of decisions, and where they come from.
#include <bifilar/base/detail/decisions.hpp>

#include <algorithm>
#include <utility>

namespace bifilar::base {

decisions::decisions(std::uint64_t seed, std::span<decision> record) : seed_{mixed(seed + 1)}, record_{record} {
    set_tempers();
}

decisions::decisions(std::vector<decision> plan, std::span<decision> record)
    : planned_{true}, plan_{std::move(plan)}, record_{record} {
    std::ranges::sort(plan_, {}, &decision::place);
}

// A run with few switches finds other faults than one with many, so each has shares of its own.
void decisions::set_tempers() noexcept {
    constexpr double shares[] = {0, 1. / 64, 1. / 16, 1. / 8, 1. / 4, 1. / 2};
    for (std::size_t kind = 0; kind != kinds; ++kind)
        tempers_[kind] = shares[mixed(seed_ + kind * 0x9E3779B97F4A7C15ULL) % std::size(shares)];
}

std::uint64_t decisions::next_place(decision_kind kind, std::uint32_t subject) noexcept {
    std::vector<std::uint64_t>& numbers = numbers_[static_cast<std::size_t>(kind)];
    // Without memory for a few words a simulation ends.
    if (numbers.size() <= subject) numbers.resize(subject + 1);
    const std::uint64_t number = numbers[subject]++;
    ++made_;
    return (static_cast<std::uint64_t>(kind) << decision::subject_bits | subject) << decision::number_bits | number;
}

std::uint64_t decisions::planned(std::uint64_t place) const noexcept {
    const auto found = std::ranges::lower_bound(plan_, place, {}, &decision::place);
    return found != plan_.end() && found->place == place ? found->value : 0;
}

std::uint64_t decisions::taken(std::uint64_t place, std::uint64_t value) noexcept {
    note(place);
    note(value);
    if (value == 0) return 0;
    if (noted_ < record_.size()) record_[noted_] = {place, value};
    ++noted_;
    return value;
}

}  // namespace bifilar::base
