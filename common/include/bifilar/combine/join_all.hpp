// All of several futures; join_range.hpp has the same over a vector.
// Each poll asks those that are not ready yet; the first exception brings the rest to rest and is then rethrown.
#pragma once

#include <bifilar/future/future.hpp>
#include <cstddef>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace bifilar {

/// What stands for the output of a future that has none.
template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Whether T is a std::expected.
template <class T>
inline constexpr bool is_expected = false;
template <class T, class E>
inline constexpr bool is_expected<std::expected<T, E>> = true;

namespace detail {

/// A future, then its value. The future goes once it is ready or at rest: one that is not polled any more stays in the
/// line of what it waited for until then, and whoever is served behind it would wait for ever.
template <future F>
class member {
public:
    using value = value_of<output_of<F>>;

    explicit member(F f) : future_{std::move(f)} {}
    /// Before its first poll, when there is no value. One that is moved all the same is one that GCC 12 warns of, in
    /// users' code, as maybe uninitialized.
    member(member&& other) noexcept(std::is_nothrow_move_constructible_v<F>) : future_{std::move(other.future_)} {}
    ~member() {
        if (!at_rest()) std::destroy_at(&future_);
    }

    [[nodiscard]] bool is_ready() const noexcept { return value_.has_value(); }
    [[nodiscard]] bool at_rest() const noexcept { return rested_ || is_ready(); }

    /// True when the value is there. Throws what the future throws; the future is then at rest.
    bool poll(context& cx) {
        return poll_with([this, &cx] { return future_.poll(cx); });
    }
    /// The same for a future that may be given up for another.
    bool poll_arm(context& cx) {
        return poll_with([this, &cx] { return bifilar::poll_arm(future_, cx); });
    }
    [[nodiscard]] bool is_promised() const noexcept { return !at_rest() && bifilar::is_promised(future_); }
    /// True when the future may be destroyed.
    bool poll_cancel(context& cx) {
        // One that was never polled has nothing to bring to rest, and must not begin now.
        if (!at_rest() && (!begun_ || bifilar::poll_cancel(future_, cx).is_ready())) rest();
        return at_rest();
    }
    /// Once it is ready.
    value& answer() noexcept { return *value_; }
    value take() { return std::move(*value_); }
    /// Nothing when it does not wait any more.
    void describe_wait(task_visitor& to) const noexcept {
        if (begun_ && !at_rest()) bifilar::describe_wait(future_, to);
    }

private:
    template <class Poll>
    bool poll_with(Poll poll_it) {
        if (value_) return true;
        begun_ = true;
        try {
            polled<output_of<F>> answer = poll_it();
            if (!answer) return false;
            if constexpr (std::is_void_v<output_of<F>>)
                value_.emplace();
            else
                value_.emplace(answer.take());
        } catch (...) {
            rest();
            throw;
        }
        std::destroy_at(&future_);
        return true;
    }
    void rest() noexcept {
        rested_ = true;
        std::destroy_at(&future_);
    }

    union {
        F future_;  // Lives until at_rest().
    };
    std::optional<value> value_;
    bool begun_ = false;  // Polled at least once.
    bool rested_ = false;
};

}  // namespace detail

template <future... F>
class [[nodiscard]] join_all_future {
public:
    using output = std::tuple<value_of<output_of<F>>...>;

    explicit join_all_future(F... fs) : members_(std::move(fs)...) {}

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
    void describe_wait(task_visitor& to) const noexcept {
        std::apply([&to](const auto&... m) { describe_arms<join_all_future>(to, task_visitor::arms::all, m...); },
                   members_);
    }

private:
    std::tuple<detail::member<F>...> members_;
    std::exception_ptr error_;
};

/// Ready when all are: a tuple of their values (std::monostate for void). Allocates nothing.
/// Throws: the first exception of one of them, once the others were cancelled and are at rest.
/// Cancellation: brings all to rest; the values that are there already are lost.
/// Suspends: until all are ready.
/// Complexity: each wake polls all that are not ready yet.
template <future... F>
join_all_future<F...> join_all(F... fs) {
    return join_all_future<F...>{std::move(fs)...};
}
/// What is left is a mistake: says which.
template <class... F>
void join_all(F...) {
    static_assert((future<F> && ...), "join_all takes futures, or a std::vector of futures of one type");
}

/// What try_join_all gives; see there.
template <future... F>
    requires(is_expected<output_of<F>> && ...)
class [[nodiscard]] try_join_all_future {
    using error = std::common_type_t<typename output_of<F>::error_type...>;

public:
    using output = std::expected<std::tuple<value_of<typename output_of<F>::value_type>...>, error>;

    explicit try_join_all_future(F... fs) : members_(std::move(fs)...) {}

    polled<output> poll(context& cx) {
        if (thrown_ == nullptr && !failed_) {
            bool all = true;
            try {
                const auto one = [&](auto& m) {
                    if (failed_) return;
                    if (!m.poll(cx))
                        all = false;
                    else if (!m.answer())
                        failed_.emplace(std::move(m.answer().error()));
                };
                std::apply([&](auto&... m) { (one(m), ...); }, members_);
            } catch (...) {
                thrown_ = std::current_exception();
            }
            if (thrown_ == nullptr && !failed_) {
                if (!all) return not_ready;
                return std::apply([](auto&... m) { return output{std::in_place, plain(m.answer())...}; }, members_);
            }
        }
        if (!poll_cancel(cx)) return not_ready;
        if (thrown_ != nullptr) std::rethrow_exception(thrown_);
        return output{std::unexpected<error>{std::move(*failed_)}};
    }

    polled<void> poll_cancel(context& cx) {
        const bool all =
            std::apply([&](auto&... m) { return (static_cast<int>(m.poll_cancel(cx)) & ... & 1) != 0; }, members_);
        if (!all) return not_ready;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        std::apply([&to](const auto&... m) { describe_arms<try_join_all_future>(to, task_visitor::arms::all, m...); },
                   members_);
    }

private:
    template <class T, class E>
    static value_of<T> plain(std::expected<T, E>& of) {
        if constexpr (std::is_void_v<T>)
            return {};
        else
            return std::move(*of);
    }

    std::tuple<detail::member<F>...> members_;
    std::optional<error> failed_;
    std::exception_ptr thrown_;
};

/// For futures of std::expected: ready with the tuple of all values. Allocates nothing.
/// Throws: as join_all, which it is like in all else too.
/// Errors: the first error of one of them, once the others were cancelled and are at rest.
template <future... F>
try_join_all_future<F...> try_join_all(F... fs) {
    return try_join_all_future<F...>{std::move(fs)...};
}
/// What is left is a mistake: says which.
template <class... F>
void try_join_all(F...) {
    static_assert((future<F> && ...), "try_join_all takes futures, or a std::vector of futures of one type");
    if constexpr ((future<F> && ...))
        static_assert((is_expected<output_of<F>> && ...),
                      "try_join_all takes futures whose outputs are std::expected, such as io_result; for others there "
                      "is join_all");
}

}  // namespace bifilar
