// The first of several futures: race cancels the others, select leaves them to their owner.
// Each look goes through the members in a random order, so the winner is uniformly random among those that are ready.
// As in Go, the arms may be sends and receives: an arm that did not win has taken nothing and given nothing.
#pragma once

#include <bifilar/combine/detail/arm_order.hpp>
#include <bifilar/combine/join_all.hpp>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

namespace bifilar {

/// Who was first, and with what: the variant's alternative is the winner's place as well.
template <class... T>
class first_of {
public:
    /// Made in place, and moved as seldom as can be: GCC 12 warns of a variant that is moved on and on, in users' code,
    /// as maybe uninitialized.
    template <std::size_t Place, class... Given>
    explicit first_of(std::in_place_index_t<Place> place, Given&&... given)
        : value_{place, std::forward<Given>(given)...} {}
    /// The winner's place in the argument list, from 0.
    [[nodiscard]] std::size_t index() const noexcept { return value_.index(); }
    /// What the winner gave; the index of the variant is its place.
    [[nodiscard]] std::variant<T...>& value() noexcept { return value_; }
    /// The same, to look at.
    [[nodiscard]] const std::variant<T...>& value() const noexcept { return value_; }

private:
    std::variant<T...> value_;
};

namespace detail {

/// The place of the arm that another has completed, as is_promised; the number of arms when there is none.
template <class... Arm>
std::size_t promised_place(const Arm&... arms) noexcept {
    std::size_t found = sizeof...(Arm);
    std::size_t at = 0;
    const auto one = [&](bool promised) {
        if (promised) found = at;
        ++at;
    };
    (one(bifilar::is_promised(arms)), ...);
    return found;
}

}  // namespace detail

/// `Tries`: when none is ready at the first look, all are cancelled and the answer is empty.
template <bool Tries, future... F>
class [[nodiscard]] race_future {
    static_assert(sizeof...(F) > 0, "race needs at least one future");
    using first = first_of<value_of<output_of<F>>...>;

public:
    using output = std::conditional_t<Tries, std::optional<first>, first>;

    explicit race_future(F... fs) : members_(std::move(fs)...) {}

    polled<output> poll(context& cx) {
        if (!decided()) {
            if (!cx.has_budget(sizeof...(F))) return not_ready;
            try {
                look(cx);
            } catch (...) {
                error_ = std::current_exception();
            }
            // A member of members may have had no budget left all the same: it gets its turn.
            if (Tries && !decided() && !cx.yielding()) gave_up_ = true;
            if (!decided()) return not_ready;
        }
        if (!poll_cancel(cx)) return not_ready;
        if (error_ != nullptr) std::rethrow_exception(error_);
        if constexpr (Tries) {
            if (!winner_) return output{};
        }
        return std::move(*winner_);
    }

    [[nodiscard]] bool is_promised() const noexcept {
        return !decided() && std::apply([](const auto&... m) { return (m.is_promised() || ...); }, members_);
    }
    polled<void> poll_cancel(context& cx) {
        const bool all =
            std::apply([&](auto&... m) { return (static_cast<int>(m.poll_cancel(cx)) & ... & 1) != 0; }, members_);
        if (!all) return not_ready;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        std::apply([&to](const auto&... m) { describe_arms<race_future>(to, task_visitor::arms::any, m...); },
                   members_);
    }

private:
    using places = std::index_sequence_for<F...>;

    [[nodiscard]] bool decided() const noexcept { return winner_.has_value() || error_ != nullptr || gave_up_; }

    void look(context& cx) {
        const auto one = [&](auto place) {
            auto& m = std::get<place.value>(members_);
            if (m.poll_arm(cx)) winner_.emplace(std::in_place_index<place.value>, m.take());
        };
        const std::size_t promised =
            std::apply([](const auto&... m) { return detail::promised_place(m...); }, members_);
        detail::at_place(promised, one, places{});
        if (winner_) return;
        for (const std::size_t at : detail::arm_order<sizeof...(F)>()) {
            detail::at_place(at, one, places{});
            if (winner_) return;
        }
    }

    std::tuple<detail::member<F>...> members_;
    std::optional<first> winner_;
    std::exception_ptr error_;
    bool gave_up_ = false;
};

/// Ready with the first that is ready, uniformly random among several, once the others are at rest. What a loser had
/// taken by then is given back where the operation says so (channels, locks, notices), and lost where it says that
/// (tcp_stream::read). Allocates nothing.
/// Throws: what the first arm throws; an exception counts as being ready.
/// Cancellation: all arms are losers; the output of a winner that waits for the others' rest is lost.
/// Suspends: until one is ready and the others are at rest.
/// Complexity: each wake polls all arms.
template <future... F>
race_future<false, F...> race(F... fs) {
    return race_future<false, F...>{std::move(fs)...};
}
/// What is left is a mistake: says which.
template <class... F>
void race(F...) {
    static_assert((future<F> && ...), "race takes futures, or a std::vector of futures of one type, or arms that "
                                      "on(future, handler) has made");
}

/// The same for what is ready now: empty when none is, once all are at rest. Go's select with a default arm.
/// Suspends: until all are at rest.
template <future... F>
race_future<true, F...> try_race(F... fs) {
    return race_future<true, F...>{std::move(fs)...};
}
/// What is left is a mistake: says which.
template <class... F>
void try_race(F...) {
    static_assert((future<F> && ...), "try_race takes futures");
}

template <future F>
class [[nodiscard]] when_future {
public:
    using output = output_of<F>;

    when_future(bool condition, F f) : future_{std::move(f)}, condition_{condition} {}

    polled<output> poll(context& cx) {
        if (condition_) return future_.poll(cx);
        cx.set_armed();
        return not_ready;
    }
    polled<output> poll_arm(context& cx) {
        if (condition_) return bifilar::poll_arm(future_, cx);
        return poll(cx);
    }
    [[nodiscard]] bool is_promised() const noexcept { return bifilar::is_promised(future_); }
    polled<void> poll_cancel(context& cx) {
        if (condition_) return bifilar::poll_cancel(future_, cx);
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (condition_) bifilar::describe_wait(future_, to);
    }

private:
    F future_;
    bool condition_;
};

/// `f` where the condition holds, else an arm that is never ready: Go's nil channel.
template <future F>
when_future<F> when(bool condition, F f) {
    return when_future<F>{condition, std::move(f)};
}

template <future... F>
class [[nodiscard]] select_future {
    static_assert(sizeof...(F) > 0, "select needs at least one future");

public:
    using output = first_of<value_of<output_of<F>>...>;

    explicit select_future(F&... fs) noexcept : members_{fs...} {}

    polled<output> poll(context& cx) {
        if (!cx.has_budget(sizeof...(F))) return not_ready;
        std::optional<output> winner;
        const auto one = [&](auto place) {
            auto answer = bifilar::poll_arm(std::get<place.value>(members_), cx);
            if (!answer) return;
            if constexpr (std::is_void_v<typename decltype(answer)::value_type>)
                winner.emplace(std::in_place_index<place.value>);
            else
                winner.emplace(std::in_place_index<place.value>, answer.take());
        };
        const std::size_t promised =
            std::apply([](const auto&... f) { return detail::promised_place(f...); }, members_);
        detail::at_place(promised, one, std::index_sequence_for<F...>{});
        if (winner) return std::move(*winner);
        for (const std::size_t at : detail::arm_order<sizeof...(F)>()) {
            detail::at_place(at, one, std::index_sequence_for<F...>{});
            if (winner) break;
        }
        note(winner.has_value());
        if (!winner) return not_ready;
        return std::move(*winner);
    }
    [[nodiscard]] bool is_promised() const noexcept {
        return std::apply([](const auto&... f) { return (bifilar::is_promised(f) || ...); }, members_);
    }
    /// Leaves them.
    polled<void> poll_cancel(context&) noexcept {
        note(true);
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        std::apply([&to](const auto&... m) { describe_arms<select_future>(to, task_visitor::arms::any, m...); },
                   members_);
    }

private:
    void note(bool over) noexcept {
        std::apply([&](F&... fs) { (detail::note_wait(fs, this, over), ...); }, members_);
    }

    std::tuple<F&...> members_;
};

/// Ready with the first of the caller's futures that is ready; the others stay as they are, may be waited for again,
/// and wake the waiting task without need. The winner must not be polled again; the others must end before the task
/// that waited does, or be polled by another before (not I/O, which stays with its task). Over any number of futures:
/// future_set::next(). Allocates nothing.
/// Throws: what one of them throws when it is first.
/// Cancellation: none of them is asked to end. They are their owner's: when the cancelled task then destroys them, I/O
/// in flight is cancelled and waited for in its destructor, which blocks the worker a moment. race brings its arms to
/// rest before.
/// Suspends: until one is ready.
/// Complexity: each wake polls all of them.
template <future... F>
select_future<F...> select(F&... fs) noexcept {
    return select_future<F...>{fs...};
}

}  // namespace bifilar
