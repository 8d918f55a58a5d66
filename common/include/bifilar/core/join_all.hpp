// All of several futures: over a pack, or over a vector.
// Each poll asks those that are not ready yet; the first exception brings the rest to rest and is then rethrown.
#pragma once

#include <bifilar/core/future.hpp>
#include <cstddef>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace bifilar {

/// What stands for the output of a future that has none.
template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

namespace detail {

/// A future, then its value.
template <future F>
class member {
public:
    using value = value_of<output_of<F>>;

    explicit member(F f) : future_{std::move(f)} {}
    member(member&&) = default;

    [[nodiscard]] bool is_ready() const noexcept { return value_.has_value(); }
    [[nodiscard]] bool at_rest() const noexcept { return rested_ || is_ready(); }

    /// True when the value is there. Throws what the future throws; the future is then at rest.
    bool poll(context& cx) {
        if (value_) return true;
        try {
            polled<output_of<F>> answer = future_.poll(cx);
            if (!answer) return false;
            if constexpr (std::is_void_v<output_of<F>>)
                value_.emplace();
            else
                value_.emplace(answer.take());
        } catch (...) {
            rested_ = true;
            throw;
        }
        return true;
    }
    /// True when the future may be destroyed.
    bool poll_cancel(context& cx) {
        if (!at_rest()) rested_ = bifilar::poll_cancel(future_, cx).is_ready();
        return at_rest();
    }
    value take() { return std::move(*value_); }

private:
    F future_;
    std::optional<value> value_;
    bool rested_ = false;
};

}  // namespace detail

template <future... F>
class [[nodiscard]] join_all_future {
public:
    using output = std::tuple<value_of<output_of<F>>...>;

    explicit join_all_future(F... fs) : members_{detail::member<F>{std::move(fs)}...} {}

    polled<output> poll(context& cx) {
        if (error_ == nullptr) {
            try {
                const bool all =
                    std::apply([&](auto&... m) { return (static_cast<int>(m.poll(cx)) & ... & 1) != 0; }, members_);
                if (!all) return not_ready;
                return std::apply([](auto&... m) { return output{m.take()...}; }, members_);
            } catch (...) {
                error_ = std::current_exception();
            }
        }
        if (!poll_cancel(cx)) return not_ready;
        std::rethrow_exception(error_);
    }

    polled<void> poll_cancel(context& cx) {
        const bool all =
            std::apply([&](auto&... m) { return (static_cast<int>(m.poll_cancel(cx)) & ... & 1) != 0; }, members_);
        if (!all) return not_ready;
        return done;
    }

private:
    std::tuple<detail::member<F>...> members_;
    std::exception_ptr error_;
};

template <future F>
class [[nodiscard]] join_range_future {
public:
    using output = std::vector<value_of<output_of<F>>>;

    explicit join_range_future(std::vector<F> fs) {
        members_.reserve(fs.size());
        for (F& f : fs) members_.emplace_back(std::move(f));
    }

    polled<output> poll(context& cx) {
        if (error_ == nullptr) {
            try {
                bool all = true;
                for (auto& m : members_) all = m.poll(cx) && all;
                if (!all) return not_ready;
                output values;
                values.reserve(members_.size());
                for (auto& m : members_) values.push_back(m.take());
                return values;
            } catch (...) {
                error_ = std::current_exception();
            }
        }
        if (!poll_cancel(cx)) return not_ready;
        std::rethrow_exception(error_);
    }

    polled<void> poll_cancel(context& cx) {
        bool all = true;
        for (auto& m : members_) all = m.poll_cancel(cx) && all;
        if (!all) return not_ready;
        return done;
    }

private:
    std::vector<detail::member<F>> members_;
    std::exception_ptr error_;
};

/// Ready when all are: a tuple of their values (std::monostate for void). An exception of one cancels the others,
/// waits until they are at rest and is rethrown. Allocates nothing.
template <future... F>
join_all_future<F...> join_all(F... fs) {
    return join_all_future<F...>{std::move(fs)...};
}

/// The same over a vector, in its order; allocates the vector of values.
template <future F>
join_range_future<F> join_all(std::vector<F> fs) {
    return join_range_future<F>{std::move(fs)};
}

}  // namespace bifilar
