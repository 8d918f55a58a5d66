// What several actors did to one object, and when: a history, whose order in time is that of one counter.
// After Herlihy, Wing, "Linearizability: a correctness condition for concurrent objects" (1990).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace linear {

/// One call. What kinds, arguments and results mean is the model's affair.
struct operation {
    std::uint32_t actor = 0;
    int kind = 0;
    std::int64_t argument = 0;
    std::int64_t result = 0;
    std::uint64_t invoked = 0;
    std::uint64_t returned = unanswered;

    /// Of a call that has not returned: it may have had its effect or not.
    static constexpr std::uint64_t unanswered = std::numeric_limits<std::uint64_t>::max();
};

using history = std::vector<operation>;

/// Notes calls. Each actor writes a list of its own, so that notes of one do not order what others do; the counter
/// alone is shared. It is sequentially consistent, because its two ends of a call stand for moments that all agree on.
class recorder {
public:
    explicit recorder(std::uint32_t actors) : lists_(actors) {
        for (history& one : lists_) one.reserve(64);
    }

    void invoke(std::uint32_t actor, int kind, std::int64_t argument) {
        lists_[actor].push_back({actor, kind, argument, 0, 0, operation::unanswered});
        lists_[actor].back().invoked = clock_.fetch_add(1);
    }
    void answer(std::uint32_t actor, std::int64_t result) {
        const std::uint64_t now = clock_.fetch_add(1);
        lists_[actor].back().returned = now;
        lists_[actor].back().result = result;
    }

    /// How far time has come. Any thread.
    [[nodiscard]] std::uint64_t now() const { return clock_.load(); }

    /// When all actors have ended: their calls by the time of their beginnings.
    [[nodiscard]] history take() {
        history all;
        for (history& one : lists_) all.insert(all.end(), one.begin(), one.end());
        std::ranges::sort(all, {}, &operation::invoked);
        return all;
    }

private:
    struct alignas(128) list : history {};
    std::vector<list> lists_;
    alignas(128) std::atomic<std::uint64_t> clock_{0};
};

/// A line for each call, for whoever has to find out what went wrong.
template <class Model>
std::string text_of(const Model& model, const history& of) {
    std::string text;
    for (const operation& one : of) {
        const bool is_over = one.returned != operation::unanswered;
        text += "[" + std::to_string(one.invoked) + ", " + (is_over ? std::to_string(one.returned) : "...") +
                "] actor " + std::to_string(one.actor) + ": " + model.name(one.kind) + "(" +
                std::to_string(one.argument) + ")" + (is_over ? " = " + std::to_string(one.result) : "") + "\n";
    }
    return text;
}

}  // namespace linear
