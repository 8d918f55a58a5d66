// The first of several futures: race cancels the others, select leaves them to their owner.
// The first look starts at another member each time, so none is preferred.
#pragma once

#include <bifilar/base/random.hpp>
#include <bifilar/core/join_all.hpp>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

namespace bifilar {

/// Who was first, and with what: the variant's alternative is the winner's place as well.
template <class... T>
class first_of {
public:
    explicit first_of(std::variant<T...> value) : value_{std::move(value)} {}
    /// The winner's place in the argument list, from 0.
    [[nodiscard]] std::size_t index() const noexcept { return value_.index(); }
    [[nodiscard]] std::variant<T...>& value() noexcept { return value_; }

private:
    std::variant<T...> value_;
};

namespace detail {

/// Calls function(constant) for place `at`, known at run time only.
template <class Function, std::size_t... I>
void at_place(std::size_t at, Function& function, std::index_sequence<I...>) {
    const auto one = [&](auto place) {
        if (at == place.value) function(place);
    };
    (one(std::integral_constant<std::size_t, I>{}), ...);
}

/// A different place to start from at each call; any thread, no state shared.
inline std::size_t some_place(const void* salt, std::uint32_t turn, std::size_t count) noexcept {
    base::random random{reinterpret_cast<std::uintptr_t>(salt) + turn * 0x9E3779B9ULL};
    return random.below(static_cast<std::uint32_t>(count));
}

}  // namespace detail

template <future... F>
class [[nodiscard]] race_future {
    static_assert(sizeof...(F) > 0, "race needs at least one future");

public:
    using output = first_of<value_of<output_of<F>>...>;

    explicit race_future(F... fs) : members_{detail::member<F>{std::move(fs)}...} {}

    polled<output> poll(context& cx) {
        if (!decided()) {
            try {
                look(cx);
            } catch (...) {
                error_ = std::current_exception();
            }
            if (!decided()) return not_ready;
        }
        if (!poll_cancel(cx)) return not_ready;
        if (error_ != nullptr) std::rethrow_exception(error_);
        return output{std::move(*winner_)};
    }

    polled<void> poll_cancel(context& cx) {
        const bool all =
            std::apply([&](auto&... m) { return (static_cast<int>(m.poll_cancel(cx)) & ... & 1) != 0; }, members_);
        if (!all) return not_ready;
        return done;
    }

private:
    using places = std::index_sequence_for<F...>;

    [[nodiscard]] bool decided() const noexcept { return winner_.has_value() || error_ != nullptr; }

    void look(context& cx) {
        std::size_t at = detail::some_place(this, turn_++, sizeof...(F));
        const auto one = [&](auto place) {
            auto& m = std::get<place.value>(members_);
            if (m.poll(cx)) winner_.emplace(std::in_place_index<place.value>, m.take());
        };
        for (std::size_t count = 0; count < sizeof...(F) && !winner_; ++count) {
            detail::at_place(at, one, places{});
            at = (at + 1) % sizeof...(F);
        }
    }

    std::tuple<detail::member<F>...> members_;
    std::optional<std::variant<value_of<output_of<F>>...>> winner_;
    std::exception_ptr error_;
    std::uint32_t turn_ = 0;
};

/// Ready with the first that is ready, once the others are at rest; an exception counts as being first. What a loser
/// had taken by then is not lost, see the loser's own page. Allocates nothing.
template <future... F>
race_future<F...> race(F... fs) {
    return race_future<F...>{std::move(fs)...};
}

template <future... F>
class [[nodiscard]] select_future {
    static_assert(sizeof...(F) > 0, "select needs at least one future");

public:
    using output = first_of<value_of<output_of<F>>...>;

    explicit select_future(F&... fs) noexcept : members_{fs...} {}

    polled<output> poll(context& cx) {
        std::optional<std::variant<value_of<output_of<F>>...>> winner;
        std::size_t at = detail::some_place(this, turn_++, sizeof...(F));
        const auto one = [&](auto place) {
            auto answer = std::get<place.value>(members_).poll(cx);
            if (!answer) return;
            if constexpr (std::is_void_v<typename decltype(answer)::value_type>)
                winner.emplace(std::in_place_index<place.value>);
            else
                winner.emplace(std::in_place_index<place.value>, answer.take());
        };
        for (std::size_t count = 0; count < sizeof...(F) && !winner; ++count) {
            detail::at_place(at, one, std::index_sequence_for<F...>{});
            at = (at + 1) % sizeof...(F);
        }
        if (!winner) return not_ready;
        return output{std::move(*winner)};
    }

private:
    std::tuple<F&...> members_;
    std::uint32_t turn_ = 0;
};

/// Ready with the first of the caller's futures that is ready; the others stay as they are, may be waited for again,
/// and wake the waiting task without need. The winner must not be polled again. Allocates nothing.
template <future... F>
select_future<F...> select(F&... fs) noexcept {
    return select_future<F...>{fs...};
}

}  // namespace bifilar
