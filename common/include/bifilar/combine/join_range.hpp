// join_all, try_join_all and race over a vector of any length; each wake polls one future.
// Built on future_set.
#pragma once

#include <bifilar/combine/detail/arm_order.hpp>
#include <bifilar/combine/future_set.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bifilar {

namespace detail {

/// The vector, and from the first poll on the set; movable before that.
template <future F>
class range_members {
public:
    explicit range_members(std::vector<F> fs) : given_{std::move(fs)} {}

    future_set<F>& set() {
        if (set_ == nullptr) {
            set_ = std::make_unique<future_set<F>>();
            for (F& f : given_) set_->add(std::move(f));
            given_.clear();
        }
        return *set_;
    }
    polled<void> poll_cancel(context& cx) {
        if (set_ == nullptr) return done;
        return set_->poll_cancel_all(cx);
    }
    /// Before the first poll.
    [[nodiscard]] std::size_t count() const noexcept { return given_.size(); }
    /// For the future `Waits`, which has these.
    template <class Waits>
    void describe(task_visitor& to, task_visitor::arms how) const noexcept {
        if (set_ != nullptr) set_->template describe_members<Waits>(to, how);
    }

private:
    std::vector<F> given_;
    std::unique_ptr<future_set<F>> set_;
};

}  // namespace detail

/// `Tries`: the futures give std::expected, and the first error ends the wait.
template <bool Tries, future F>
class [[nodiscard]] join_range_future {
    using value = value_of<output_of<F>>;
    static constexpr auto output_type() {
        if constexpr (Tries) {
            using one = value_of<typename output_of<F>::value_type>;
            return std::type_identity<std::expected<std::vector<one>, typename output_of<F>::error_type>>{};
        } else {
            return std::type_identity<std::vector<value>>{};
        }
    }

public:
    using output = typename decltype(output_type())::type;

    explicit join_range_future(std::vector<F> fs) : members_{std::move(fs)}, values_(members_.count()) {}

    polled<output> poll(context& cx) {
        while (!failed()) {
            try {
                auto got = members_.set().poll_next(cx);
                if (!got) return not_ready;
                if (!*got) return collect();
                auto& at = values_[(*got)->key()];
                at.emplace(std::move((*got)->value()));
                if constexpr (Tries) {
                    if (!at->has_value()) bad_ = &*at;
                }
            } catch (...) {
                thrown_ = std::current_exception();
            }
        }
        if (!poll_cancel(cx)) return not_ready;
        if (thrown_ != nullptr) std::rethrow_exception(thrown_);
        if constexpr (Tries) return output{std::unexpected{std::move(bad_->error())}};
        std::terminate();  // Without an exception or an error nothing has failed.
    }

    polled<void> poll_cancel(context& cx) { return members_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept {
        members_.template describe<join_range_future>(to, task_visitor::arms::all);
    }

private:
    [[nodiscard]] bool failed() const noexcept { return thrown_ != nullptr || bad_ != nullptr; }

    output collect() {
        output all;
        if constexpr (Tries) {
            all->reserve(values_.size());
            for (auto& v : values_) {
                if constexpr (std::is_void_v<typename output_of<F>::value_type>)
                    all->emplace_back();
                else
                    all->push_back(std::move(**v));
            }
        } else {
            all.reserve(values_.size());
            for (auto& v : values_) all.push_back(std::move(*v));
        }
        return all;
    }

    detail::range_members<F> members_;
    std::vector<std::optional<value>> values_;  // By place.
    std::exception_ptr thrown_;
    value* bad_ = nullptr;
};

/// join_all over a vector: its values in the same order.
/// Throws: as join_all, and std::bad_alloc.
/// Cancellation: brings all to rest; the values that are there already are destroyed with it.
/// Allocates: a block a future at the first poll, and the vectors of values.
/// Complexity: a wake polls the future that it was meant for, and no other.
template <future F>
join_range_future<false, F> join_all(std::vector<F> fs) {
    return join_range_future<false, F>{std::move(fs)};
}

/// try_join_all over a vector. All else as join_all over one.
/// Errors: the first error of one of them, once the others were cancelled and are at rest.
template <future F>
    requires is_expected<output_of<F>>
join_range_future<true, F> try_join_all(std::vector<F> fs) {
    return join_range_future<true, F>{std::move(fs)};
}

template <future F>
class [[nodiscard]] race_range_future {
public:
    using output = typename future_set<F>::finished;

    explicit race_range_future(std::vector<F> fs)
        : places_{detail::random_order(fs.size())}, members_{shuffle(fs, places_)} {
        if (members_.count() == 0) throw std::invalid_argument{"race needs at least one future"};
    }

    polled<output> poll(context& cx) {
        if (!winner_ && thrown_ == nullptr) {
            try {
                auto got = members_.set().poll_next(cx, true);
                if (!got) return not_ready;
                winner_ = got.take();
            } catch (...) {
                thrown_ = std::current_exception();
            }
        }
        if (!poll_cancel(cx)) return not_ready;
        if (thrown_ != nullptr) std::rethrow_exception(thrown_);
        return output{places_[winner_->key()], std::move(winner_->value())};
    }

    polled<void> poll_cancel(context& cx) { return members_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept {
        members_.template describe<race_range_future>(to, task_visitor::arms::any);
    }

private:
    // The first look goes in the order of the set.
    static std::vector<F> shuffle(std::vector<F>& fs, std::vector<std::uint32_t>& places) {
        std::vector<F> mixed;
        mixed.reserve(fs.size());
        for (const std::uint32_t place : places) mixed.push_back(std::move(fs[place]));
        return mixed;
    }

    std::vector<std::uint32_t> places_;  // Of the members, in the order of the set.
    detail::range_members<F> members_;
    std::optional<output> winner_;
    std::exception_ptr thrown_;
};

/// race over a vector: the winner's place (`key()`) and value; uniformly random among those that are ready at the first
/// look, later the first that is. The rest as race.
/// Throws: std::invalid_argument for an empty vector, when it is made; std::bad_alloc; what an arm throws when it is
/// first.
/// Allocates: a block a future at the first poll, and two vectors when it is made.
template <future F>
race_range_future<F> race(std::vector<F> fs) {
    return race_range_future<F>{std::move(fs)};
}

}  // namespace bifilar
