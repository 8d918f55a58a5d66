// A race whose arms say what to do when they win: select! and Go's cases, with a handler for each.
// A layer over race: the winner's handler alone is called, once the losers are at rest.
#pragma once

#include <bifilar/combine/detail/arm_order.hpp>
#include <bifilar/combine/race.hpp>
#include <bifilar/future/map.hpp>
#include <concepts>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace bifilar {

/// An arm and its handler; what `on` makes. No future by itself: give it to race.
template <future F, class G>
class [[nodiscard]] race_arm {
public:
    /// A future, and what is called with its output.
    race_arm(F f, G handler) : future_{std::move(f)}, handler_{std::move(handler)} {}

    /// The future.
    F& awaited() noexcept { return future_; }
    /// The handler.
    G& handler() noexcept { return handler_; }

private:
    F future_;
    G handler_;
};

/// `f` as an arm of a race, and what to do with its output when it wins: handler(output), or handler() where there is
/// none. The handler may return a future, as a coroutine does.
template <future F, class G>
    requires requires { typename detail::then_result<std::decay_t<G>, output_of<F>>::type; }
race_arm<F, std::decay_t<G>> on(F f, G&& handler) {
    return race_arm<F, std::decay_t<G>>{std::move(f), std::forward<G>(handler)};
}

namespace detail {

/// What a handler gives in the end: its value, or the output of the future that it returns.
template <class Made>
struct handler_gives {
    using type = Made;
};
template <future Made>
struct handler_gives<Made> {
    using type = output_of<Made>;
};
template <class F, class G>
using made_by = typename then_result<G, output_of<F>>::type;

/// The future of a handler that returns one, in its final place.
template <class Made>
class handler_future {
public:
    template <class Call>
    void begin(Call call) {
        made_.emplace(emplaced<Call>{&call});
    }
    std::optional<Made>& made() noexcept { return made_; }
    [[nodiscard]] const std::optional<Made>& made() const noexcept { return made_; }

private:
    template <class Call>
    class emplaced {
    public:
        explicit emplaced(Call* call) noexcept : call_{call} {}
        operator Made() const { return (*call_)(); }

    private:
        Call* call_;
    };
    std::optional<Made> made_;
};
/// For a handler that returns none.
template <class Made>
    requires(!future<Made>)
class handler_future<Made> {};

}  // namespace detail

template <class... Arm>
class handler_race_future;

template <class... F, class... G>
class [[nodiscard]] handler_race_future<race_arm<F, G>...> {
    using first_output =
        std::tuple_element_t<0, std::tuple<typename detail::handler_gives<detail::made_by<F, G>>::type...>>;
    static_assert((std::same_as<typename detail::handler_gives<detail::made_by<F, G>>::type, first_output> && ...),
                  "the handlers of a race give values of one type, or none of them does");

public:
    using output = first_output;

    explicit handler_race_future(race_arm<F, G>... arms)
        : race_{std::move(arms.awaited())...}, handlers_{std::move(arms.handler())...} {}

    polled<output> poll(context& cx) {
        if (handling_ == none) {
            auto first = race_.poll(cx);
            if (!first) return not_ready;
            std::optional<polled<output>> answer;
            const auto start = [&](auto place) { begin<place.value>(*first, answer); };
            detail::at_place((*first).index(), start, places{});
            if (answer) return std::move(*answer);
        }
        std::optional<polled<output>> answer;
        const auto go_on = [&](auto place) {
            if constexpr (waits<place.value>)
                answer.emplace(std::get<place.value>(made_).made()->poll(cx));
        };
        detail::at_place(handling_, go_on, places{});
        return std::move(*answer);
    }
    [[nodiscard]] bool is_promised() const noexcept { return handling_ == none && race_.is_promised(); }
    polled<void> poll_cancel(context& cx) {
        if (handling_ == none) return race_.poll_cancel(cx);
        bool rests = true;
        const auto one = [&](auto place) {
            if constexpr (waits<place.value>)
                rests = bifilar::poll_cancel(*std::get<place.value>(made_).made(), cx).is_ready();
        };
        detail::at_place(handling_, one, places{});
        if (!rests) return not_ready;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (handling_ == none) return race_.describe_wait(to);
        const auto one = [&](auto place) {
            if constexpr (waits<place.value>) bifilar::describe_wait(*std::get<place.value>(made_).made(), to);
        };
        detail::at_place(handling_, one, places{});
    }

private:
    using places = std::index_sequence_for<F...>;
    static constexpr std::size_t none = sizeof...(F);
    template <std::size_t Place>
    using made = std::tuple_element_t<Place, std::tuple<detail::made_by<F, G>...>>;
    template <std::size_t Place>
    static constexpr bool waits = future<made<Place>>;

    // Calls the winner's handler: an answer, or a future to go on with.
    template <std::size_t Place>
    void begin(first_of<value_of<output_of<F>>...>& first, std::optional<polled<output>>& answer) {
        auto& handler = std::get<Place>(handlers_);
        const auto call = [&]() -> made<Place> {
            if constexpr (std::is_void_v<output_of<std::tuple_element_t<Place, std::tuple<F...>>>>)
                return std::invoke(handler);
            else
                return std::invoke(handler, std::move(std::get<Place>(first.value())));
        };
        if constexpr (waits<Place>) {
            std::get<Place>(made_).begin(call);
            handling_ = Place;
        } else if constexpr (std::is_void_v<output>) {
            call();
            answer.emplace(done);
        } else {
            answer.emplace(call());
        }
    }

    race_future<false, F...> race_;
    std::tuple<G...> handlers_;
    std::tuple<detail::handler_future<detail::made_by<F, G>>...> made_;
    std::size_t handling_ = none;  // Whose handler's future is under way.
};

/// race(on(c.recv(), take), on(sleep_for(d), give_up)): as race, then the winner's handler, which is called once the
/// losers are at rest. Ready with what that gives, or the output of the future that it returns; all handlers give one
/// type, void too. The others' handlers are not called. Allocates nothing of its own.
/// Throws: what an arm throws, without a handler; what a handler throws.
/// Cancellation: before an arm has won, as race: nothing was taken or given, where the operations say so. Afterwards
/// the handler's future is brought to rest, and what the arm took stays taken.
/// Suspends: as race, and then until the handler's future is ready.
template <future... F, class... G>
handler_race_future<race_arm<F, G>...> race(race_arm<F, G>... arms) {
    return handler_race_future<race_arm<F, G>...>{std::move(arms)...};
}

}  // namespace bifilar
