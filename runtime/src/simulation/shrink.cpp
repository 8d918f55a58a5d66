// Delta debugging: whole kinds first, then ever smaller parts, then single decisions, then their values.
#include "shrink.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace bifilar::simulation {
namespace {

using base::decision;
using base::decision_kind;

class shrinker {
public:
    shrinker(decision_list plan, const trial& fails, std::uint32_t most)
        : plan_{std::move(plan)}, fails_{fails}, left_{most} {}

    decision_list run() {
        drop_kinds();
        // Halves, quarters and so on; single ones as long as that helps, for one may be of use only beside another.
        for (std::size_t part = plan_.size() / 2; part > 1; part /= 2) (void)drop_parts(part);
        while (drop_parts(1)) {
        }
        for (std::size_t n = 0; n < plan_.size(); ++n) simplify(n);
        while (drop_parts(1)) {
        }
        return std::move(plan_);
    }

private:
    bool becomes(const decision_list& shorter) {
        if (left_ == 0) return false;
        --left_;
        std::optional<decision_list> used = fails_(shorter);
        if (!used) return false;
        plan_ = used->size() <= shorter.size() ? std::move(*used) : shorter;
        return true;
    }

    void drop_kinds() {
        for (unsigned kind = 0; kind != static_cast<unsigned>(decision_kind::count); ++kind) {
            decision_list others = plan_;
            std::erase_if(others, [&](const decision& one) { return one.kind() == static_cast<decision_kind>(kind); });
            if (others.size() != plan_.size()) (void)becomes(others);
        }
    }

    // From the end, where decisions are that come too late to matter. True when any could go.
    bool drop_parts(std::size_t part) {
        bool dropped = false;
        for (std::size_t end = plan_.size(); end != 0 && left_ != 0;) {
            const std::size_t begin = end - std::min(part, end);
            decision_list rest{plan_.begin(), plan_.begin() + static_cast<std::ptrdiff_t>(begin)};
            rest.insert(rest.end(), plan_.begin() + static_cast<std::ptrdiff_t>(end), plan_.end());
            dropped |= becomes(rest);
            end = std::min(begin, plan_.size());
        }
        return dropped;
    }

    void simplify(std::size_t n) {
        const decision_kind kind = plan_[n].kind();
        // An errno, or one of two answers, has no smaller one.
        if (kind == decision_kind::fault || kind == decision_kind::refusal || kind == decision_kind::order) return;
        const bool is_time = kind == decision_kind::delay || kind == decision_kind::late_end;
        constexpr std::uint64_t millisecond = 1'000'000;
        for (const std::uint64_t value : {is_time ? millisecond : std::uint64_t{1}, plan_[n].value / 2}) {
            if (value == 0 || value >= plan_[n].value) continue;
            decision_list simpler = plan_;
            simpler[n].value = value;
            if (becomes(simpler)) return;
        }
    }

    decision_list plan_;
    const trial& fails_;
    std::uint32_t left_;
};

}  // namespace

decision_list shrink(decision_list plan, const trial& fails, std::uint32_t most) {
    return shrinker{std::move(plan), fails, most}.run();
}

}  // namespace bifilar::simulation
