// Where an execution meets the search: choices, what they cost, and the state that is looked up before them.
// Builds on seen_states. What a state is, and why cutting loses nothing, is in the head of search.hpp.
#include "execution.hpp"

#include <algorithm>

namespace model {
namespace {

std::uint8_t small(unsigned bound) noexcept { return static_cast<std::uint8_t>(std::min(bound, 250U)); }

void spend(unsigned& left) noexcept {
    if (left != unlimited && left > 0) --left;
}

}  // namespace

digest execution::state(question what) const noexcept {
    digest all = memory_.orders();
    all.add(static_cast<std::uint64_t>(what));
    // In the middle of an operation it is one thread's turn.
    if (what != question::thread) all.add(static_cast<std::uint64_t>(running_));
    all.add(idle_rounds_ > 0 ? 1 : 0);
    all.add(static_cast<std::uint64_t>(now_ns_));
    for (const model_thread* thread : threads_) {
        all.add(thread->history);
        all.add(static_cast<std::uint64_t>(thread->condition));
    }
    return all;
}

allowance execution::left() const noexcept {
    allowance all{allowance::nobody, small(preemptions_left_), small(stale_left_), small(early_left_)};
    const bool ready = running_ >= 0 && threads_[thread_index()]->condition == thread_condition::ready;
    if (ready && !threads_[thread_index()]->yields && preemptions_left_ != unlimited)
        all.running = static_cast<std::uint8_t>(running_);
    return all;
}

unsigned execution::branch(const alternatives& from, question what) {
    if (cut_ || discarded_) return from.item[0];
    if (seen_ != nullptr && choices_->is_new() && seen_->seen(state(what), left())) {
        cut_ = true;
        return from.item[0];
    }
    return choices_->choose(from, what);
}

// One of the candidates. All but the newest cost: a stale read, or an early store where it writes.
const execution::candidate& execution::pick(unsigned& reads_left, unsigned& writes_left) {
    if (candidates_.size() == 1 || still_) return candidates_[0];
    alternatives from;
    from.add(0);
    const std::size_t most = std::min(candidates_.size(), max_alternatives);
    passed_over_ = passed_over_ || (most < candidates_.size() && (reads_left > 0 || writes_left > 0));
    for (std::size_t i = 1; i < most; ++i)
        if (!choices_->spends() || (candidates_[i].writes ? writes_left : reads_left) > 0)
            from.add(static_cast<unsigned>(i));
    const unsigned chosen = from.count == 1 ? 0 : branch(from, question::store);
    schedule_.push_back(chosen);
    if (chosen != 0) spend(candidates_[chosen].writes ? writes_left : reads_left);
    return candidates_[chosen];
}

}  // namespace model
