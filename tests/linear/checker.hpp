// Whether a history could have come from an object that does one call after the other, each at a moment between its
// beginning and its end. Wing, Gong, "Testing and verifying concurrent objects" (1993), with the just-in-time rule and
// the remembered configurations of Lowe, "Testing for linearizability" (2017).
#pragma once

#include "history.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace linear {

/// The calls that are under way at a moment of the search. Models that leave something open ask it: whether a receiver
/// waits for whom a value may be kept, say.
class around {
public:
    around(const std::vector<const operation*>& open, std::uint64_t done) noexcept : open_{&open}, done_{done} {}

    /// Calls of this kind that are under way and have had no effect yet; not the one that is asked about.
    [[nodiscard]] std::size_t waiting(int kind, const operation& but) const noexcept { return count(kind, but, done_); }
    /// The same, and those that have had their effect and have not returned.
    [[nodiscard]] std::size_t under_way(int kind, const operation& but) const noexcept { return count(kind, but, 0); }

private:
    [[nodiscard]] std::size_t count(int kind, const operation& but, std::uint64_t without) const noexcept {
        std::size_t found = 0;
        for (std::size_t at = 0; at < open_->size(); ++at) {
            const operation* const one = (*open_)[at];
            if (one != nullptr && one != &but && one->kind == kind && (without >> at & 1U) == 0) ++found;
        }
        return found;
    }

    const std::vector<const operation*>* open_;
    std::uint64_t done_;
};

/// A model has: `state`, with an order; `start()`; `apply(state&, operation, around)`, which does a call if its result
/// may be had in that state, else answers false; `may_return(state, operation)`, for calls whose effect another has to
/// complete; `name(kind)`.
template <class Model>
class checker {
public:
    explicit checker(const Model& model) noexcept : model_{&model} {}

    /// The number of calls is not limited, that of calls under way at one time is 64.
    [[nodiscard]] bool accepts(const history& given) {
        configurations now{{model_->start(), 0}};
        open_.clear();
        for (const event& next : events_of(given)) {
            if (next.begins) {
                begin(*next.of);
                continue;
            }
            now = returned(now, *next.of);
            if (now.empty()) return false;
        }
        return true;
    }

private:
    // A state that the object may be in, and which of the open calls have had their effect.
    struct configuration {
        typename Model::state state;
        std::uint64_t done;
        friend auto operator<=>(const configuration&, const configuration&) = default;
    };
    using configurations = std::set<configuration>;

    struct event {
        std::uint64_t at;
        bool begins;
        const operation* of;
    };

    static std::vector<event> events_of(const history& given) {
        std::vector<event> all;
        for (const operation& one : given) {
            all.push_back({one.invoked, true, &one});
            // One that has no answer may take effect at any later time, or at none.
            if (one.returned != operation::unanswered) all.push_back({one.returned, false, &one});
        }
        std::ranges::sort(all, {}, &event::at);
        return all;
    }

    void begin(const operation& call) {
        const auto free = std::ranges::find(open_, nullptr);
        if (free != open_.end()) {
            *free = &call;
            return;
        }
        if (open_.size() == 64) throw std::length_error{"a history has more than 64 calls under way at one time"};
        open_.push_back(&call);
    }

    // Only now, when a call returns, must it have had its effect: nothing is done before it has to be, which keeps
    // configurations few. Where they lead is remembered, so none is followed twice.
    configurations returned(const configurations& before, const operation& call) {
        const auto place = static_cast<std::size_t>(std::ranges::find(open_, &call) - open_.begin());
        const std::uint64_t bit = std::uint64_t{1} << place;
        configurations after;
        configurations seen{before};
        std::vector<configuration> left{before.begin(), before.end()};
        while (!left.empty()) {
            configuration one = std::move(left.back());
            left.pop_back();
            if ((one.done & bit) != 0 && model_->may_return(one.state, call)) {
                one.done &= ~bit;
                after.insert(std::move(one));
                continue;
            }
            for (std::size_t at = 0; at < open_.size(); ++at) {
                if (open_[at] == nullptr || (one.done >> at & 1U) != 0) continue;
                configuration next = one;
                if (!model_->apply(next.state, *open_[at], around{open_, one.done})) continue;
                next.done |= std::uint64_t{1} << at;
                if (seen.insert(next).second) left.push_back(std::move(next));
            }
        }
        open_[place] = nullptr;
        return after;
    }

    const Model* model_;
    std::vector<const operation*> open_;  // By place; null: free.
};

template <class Model>
[[nodiscard]] bool is_linearizable(const Model& model, const history& given) {
    return checker<Model>{model}.accepts(given);
}

}  // namespace linear
