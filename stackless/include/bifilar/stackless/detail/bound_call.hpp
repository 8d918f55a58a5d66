// A callable with its arguments, kept together as a future: what spawn makes of a plain function or a coroutine.
// The callable lives as long as the coroutine that it makes, so a lambda's captures are safe.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace bifilar {

namespace detail {

template <class R>
struct call_result {
    using type = R;
};
template <future R>
struct call_result<R> {
    using type = output_of<R>;
};

}  // namespace detail

/// The type of the result of a task made of f(args…): the value, or the output of the future that f returns.
template <class F, class... Args>
using call_output =
    typename detail::call_result<std::invoke_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>&&...>>::type;

/// Calls once, on the first poll; when the call gives a future, becomes that. The arguments are moved into the call.
template <class F, class... Args>
class bound_call {
    using made = std::invoke_result_t<F&, Args&&...>;

public:
    using output = typename detail::call_result<made>::type;

    /// For people.
    static constexpr std::string_view model = [] {
        if constexpr (!future<made>)
            return std::string_view{"call"};
        else if constexpr (requires { made::model; })
            return made::model;
        else
            return std::string_view{"future"};
    }();

    template <class G, class... Given>
    explicit bound_call(std::in_place_t, G&& f, Given&&... args)
        : call_{std::forward<G>(f)}, args_{std::forward<Given>(args)...} {}

    polled<output> poll(context& cx) {
        if constexpr (future<made>) {
            if (!made_) made_.emplace(emplaced{*this});
            return made_->poll(cx);
        } else if constexpr (std::is_void_v<made>) {
            call();
            return done;
        } else {
            return call();
        }
    }

    polled<void> poll_cancel(context& cx) {
        if constexpr (future<made>) {
            if (made_) return bifilar::poll_cancel(*made_, cx);
        }
        return done;
    }

    /// As the future that the call gave.
    void describe_wait(task_visitor& to) const noexcept {
        if constexpr (future<made>) {
            if (made_) bifilar::describe_wait(*made_, to);
        }
    }

private:
    // Makes the future in its final place: a future need not be movable.
    class emplaced {
    public:
        explicit emplaced(bound_call& owner) noexcept : owner_{&owner} {}
        operator made() const { return owner_->call(); }

    private:
        bound_call* owner_;
    };
    class none {
    public:
        none() noexcept {}
    };

    made call() {
        return std::apply([this](Args&... args) -> made { return std::invoke(call_, std::forward<Args>(args)...); },
                          args_);
    }

    [[no_unique_address]] F call_;
    [[no_unique_address]] std::tuple<Args...> args_;
    [[no_unique_address]] std::conditional_t<future<made>, std::optional<made>, none> made_;
};

template <class F, class... Args>
using bound_call_for = bound_call<std::decay_t<F>, std::unwrap_ref_decay_t<Args>...>;

}  // namespace bifilar
