// The three sources of choices.
// PCT: Burckhardt, Kothari, Musuvathi, Nagarakatti, "A Randomized Scheduler with Probabilistic Guarantees", 2010.
#include "search.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace model {

unsigned depth_first::choose(const alternatives& from, question what) noexcept {
    if (depth_ == path_.size()) path_.push_back({from, 0});
    const node& here = path_[depth_++];
    const unsigned chosen = here.from.item[here.taken];
    if (what == question::promise) promised_ = chosen;
    return chosen;
}

void depth_first::add_promise(std::size_t depth, const future_store& what) {
    const auto known = std::find(promises_.begin(), promises_.end(), what);
    const auto number = static_cast<unsigned>(known - promises_.begin()) + 1;
    if (known == promises_.end()) promises_.push_back(what);
    alternatives& from = path_[depth].from;
    const auto end = from.item.begin() + static_cast<std::ptrdiff_t>(from.count);
    if (std::find(from.item.begin(), end, number) != end) return;
    if (from.count == max_alternatives)
        passed_over_ = true;
    else
        from.add(number);
}

bool depth_first::next_execution() {
    // What lay behind the point where the last execution ended is of no interest.
    path_.resize(depth_);
    while (!path_.empty() && path_.back().taken + 1 == path_.back().from.count) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
}

// splitmix64: any seed is a good seed.
std::uint64_t random_walk::random() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

void random_walk::begin_execution(std::size_t max_steps) {
    state_ = seed_;
    step_ = 0;
    for (auto& priority : priority_) priority = random() | (std::uint64_t{1} << 63U);
    for (auto& at : lower_at_) at = random() % std::max<std::uint64_t>(max_steps, 16);
}

unsigned random_walk::choose(const alternatives& from, question what) noexcept {
    // Mostly the newest store: where every other load is stale, hardly anything works as it is meant to.
    if (what == question::store) return from.item[random() % 4 != 0 ? 0 : random() % from.count];
    if (what == question::promise) return 0;
    if (what == question::value) return from.item[random() % from.count];
    ++step_;
    if (seed_ % 2 == 0) {
        // Uniform, but a thread goes on three times out of four: long runs reach deep states.
        return from.item[random() % 4 != 0 ? 0 : random() % from.count];
    }
    const auto highest = [&] {
        return *std::max_element(from.item.begin(), from.item.begin() + static_cast<std::ptrdiff_t>(from.count),
                                 [this](auto a, auto b) { return priority_[a] < priority_[b]; });
    };
    for (std::size_t i = 0; i < lowerings; ++i)
        if (lower_at_[i] == step_) priority_[highest()] = i;
    return highest();
}

bool random_walk::next_execution() {
    ++seed_;
    return left_-- > 1;
}

given_schedule::given_schedule(std::string_view text) {
    const auto number = [&text] {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{})
            throw std::invalid_argument("a schedule is numbers and number*times, separated by commas");
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return value;
    };
    while (!text.empty()) {
        const auto value = number();
        unsigned times = 1;
        if (text.starts_with('*')) {
            text.remove_prefix(1);
            times = number();
        }
        chosen_.insert(chosen_.end(), times, value);
        if (text.starts_with(',')) text.remove_prefix(1);
    }
}

void append_promise(std::vector<std::uint32_t>& schedule, const future_store& what) {
    std::array<std::uint32_t, promise_numbers> numbers{static_cast<std::uint32_t>(what.by.thread), what.by.stamp};
    std::memcpy(numbers.data() + 2, what.bytes.data(), what.bytes.size());
    schedule.insert(schedule.end(), numbers.begin(), numbers.end());
}

unsigned given_schedule::choose(const alternatives& from, question what) noexcept {
    if (at_ == chosen_.size()) return from.item[0];
    const unsigned wanted = chosen_[at_++];
    if (what == question::promise) {
        if (wanted == 0 || chosen_.size() - at_ < promise_numbers) return 0;
        promised_.by = {static_cast<int>(chosen_[at_] % max_threads), chosen_[at_ + 1]};
        std::memcpy(promised_.bytes.data(), chosen_.data() + at_ + 2, promised_.bytes.size());
        at_ += promise_numbers;
        return wanted;
    }
    for (std::size_t i = 0; i < from.count; ++i)
        if (from.item[i] == wanted) return wanted;
    return from.item[0];
}

std::string schedule_text(std::span<const std::uint32_t> chosen) {
    std::string text;
    for (std::size_t i = 0; i < chosen.size();) {
        std::size_t same = 1;
        while (i + same < chosen.size() && chosen[i + same] == chosen[i]) ++same;
        if (!text.empty()) text += ',';
        text += std::to_string(chosen[i]);
        if (same > 1) text += '*' + std::to_string(same);
        i += same;
    }
    return text;
}

}  // namespace model
