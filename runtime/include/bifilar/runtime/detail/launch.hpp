// What every spawn comes down to: a callable or a future, a backend, a scheduler.
// Chooses the cheapest task that keeps what must be kept; used by spawn.hpp and runtime.hpp.
#pragma once

#include <bifilar/runtime/spawn_options.hpp>
#include <bifilar/stackful/await.hpp>
#include <bifilar/stackful/detail/fiber_task.hpp>
#include <bifilar/stackless/detail/bound_call.hpp>
#include <bifilar/stackless/detail/coroutine_task.hpp>
#include <bifilar/stackless/detail/future_task.hpp>
#include <type_traits>
#include <utility>

namespace bifilar::detail {

/// Whether spawn(F, Args…) was given a future by itself.
template <class F, class... Args>
inline constexpr bool is_bare_future = sizeof...(Args) == 0 && future<std::decay_t<F>>;

// Empty where nothing can be spawned, so that the wrong overload of spawn drops out.
template <class F, class... Args>
struct launched {};
template <class F>
    requires future<std::decay_t<F>>
struct launched<F> {
    using type = output_of<std::decay_t<F>>;
};
template <class F, class... Args>
    requires(!is_bare_future<F, Args...> && std::is_invocable_v<std::decay_t<F>&, std::unwrap_ref_decay_t<Args> && ...>)
struct launched<F, Args...> {
    using type = call_output<F, Args...>;
};

/// The type of the result of the task of spawn(F, Args…).
template <class F, class... Args>
using launched_output = typename launched<F, Args...>::type;

/// Whether spawn(Given…) has a meaning; a backend or options in front do not count.
template <class... Given>
inline constexpr bool can_launch = requires { typename launched<Given...>::type; };
template <class... Given>
inline constexpr bool can_launch<backend, Given...> = requires { typename launched<Given...>::type; };
template <class... Given>
inline constexpr bool can_launch<spawn_options, Given...> = requires { typename launched<Given...>::type; };

/// What is no launch is a mistake: says which.
template <class... Given>
constexpr void refuse_launch() noexcept {
    static_assert(can_launch<Given...>,
                  "spawn and run take a future, or a callable and arguments that it can be called with; arguments are "
                  "copied into the task, so pass std::ref(x) to a parameter that is a reference");
}

/// Whether a parameter keeps nothing that the task would have to keep: it is a value, which the coroutine copies into
/// its frame, or the argument is a std::ref, which refers to something outside of the task anyway.
template <class Parameter, class Arg>
inline constexpr bool needs_no_copy =
    !std::is_reference_v<Parameter> || std::is_reference_v<std::unwrap_ref_decay_t<Arg>>;

template <class... P>
class parameters {
public:
    template <class... Args>
    static constexpr bool need_no_copies() {
        if constexpr (sizeof...(P) == sizeof...(Args))
            return (needs_no_copy<P, Args> && ...);
        else
            return false;
    }
};
/// Stands for a callable that has to be kept, or whose parameters cannot be known.
class unknown_parameters {
public:
    template <class... Args>
    static constexpr bool need_no_copies() {
        return false;
    }
};

template <class F>
struct parameters_of {
    using type = unknown_parameters;
};
template <class R, class... P>
struct parameters_of<R (*)(P...)> {
    using type = parameters<P...>;
};
template <class R, class... P>
struct parameters_of<R (*)(P...) noexcept> {
    using type = parameters<P...>;
};
template <class R, class C, class... P>
struct parameters_of<R (C::*)(P...) const> {
    using type = parameters<P...>;
};
template <class R, class C, class... P>
struct parameters_of<R (C::*)(P...)> {
    using type = parameters<P...>;
};
/// Callables without state and with one operator(): lambdas without captures.
template <class F>
    requires std::is_empty_v<F> && requires { &F::operator(); }
struct parameters_of<F> : parameters_of<decltype(&F::operator())> {};

/// Whether f(args…) gives a coroutine that may share its block with its task.
template <class F, class... Args>
constexpr bool shares_block() {
    using made = std::invoke_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>&&...>;
    if constexpr (stackless::is_task<made>)
        return stackless::coroutine_task<output_of<made>>::fits &&
               parameters_of<std::decay_t<F>>::type::template need_no_copies<Args...>();
    else
        return false;
}

template <class F, class... Args>
auto launch_coroutine(sched::scheduler& on, const sched::start_options& how, F&& f, Args&&... args) {
    using made = std::invoke_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>&&...>;
    using shared = stackless::coroutine_task<output_of<made>>;
    const auto call = [&]() -> made {
        const stackless::prefix_request request{shared::prefix_bytes};
        return std::invoke(std::forward<F>(f), static_cast<std::unwrap_ref_decay_t<Args>>(std::forward<Args>(args))...);
    };
    made body = call();
    // A function that only passes on another's coroutine did not use the request, or somebody else's frame did.
    const std::size_t prefix = body.frame() != nullptr ? prefix_of(body.frame()) : 0;
    if (prefix == shared::prefix_bytes) [[likely]]
        return shared::start(on, how, std::move(body));
    if (prefix == shared::wide::prefix_bytes) return shared::wide::start(on, how, std::move(body));
    return stackless::future_task<made>::start(on, how, std::move(body));
}

template <class F, class... Args>
join_handle<launched_output<F, Args...>> launch_stackless(sched::scheduler& on, const sched::start_options& how, F&& f,
                                                          Args&&... args) {
    if constexpr (is_bare_future<F, Args...>)
        return stackless::future_task<std::decay_t<F>>::start(on, how, std::forward<F>(f));
    else if constexpr (shares_block<F, Args...>())
        return launch_coroutine(on, how, std::forward<F>(f), std::forward<Args>(args)...);
    else
        return stackless::future_task<bound_call_for<F, Args...>>::start(on, how, std::in_place, std::forward<F>(f),
                                                                         std::forward<Args>(args)...);
}

/// What a fiber runs: the call, or the wait for the future.
template <class Future>
class fiber_body {
public:
    template <class... Given>
    explicit fiber_body(Given&&... given) : future_(std::forward<Given>(given)...) {}
    output_of<Future> operator()() { return await(future_); }

private:
    Future future_;
};

template <class F, class... Args>
class fiber_call {
public:
    template <class G, class... Given>
    explicit fiber_call(std::in_place_t, G&& f, Given&&... args)
        : call_(std::forward<G>(f)), args_(std::forward<Given>(args)...) {}

    using made = std::invoke_result_t<F&, Args&&...>;

    typename call_result<made>::type operator()() {
        const auto call = [this](Args&... args) -> made { return std::invoke(call_, std::forward<Args>(args)...); };
        if constexpr (future<made>)
            return await(std::apply(call, args_));
        else
            return std::apply(call, args_);
    }

private:
    [[no_unique_address]] F call_;
    [[no_unique_address]] std::tuple<Args...> args_;
};

[[nodiscard]] inline sched::start_options start_options_of(const spawn_options& options) noexcept {
    return {&options.name, options.inherit_locals, options.worker.value_or(sched::any_worker)};
}

template <class F, class... Args>
join_handle<launched_output<F, Args...>> launch_stackful(sched::scheduler& on, const spawn_options& options, F&& f,
                                                         Args&&... args) {
    using output = launched_output<F, Args...>;
    stackful::fiber_options stack;
    stack.stack_bytes = options.stack_bytes;
    stack.migratable = options.migratable;
    stack.how = start_options_of(options);
    stackful::fiber_home* const home = stackful::fiber::home_of(on);
    BIFILAR_CHECK(home != nullptr, "this scheduler was made without stacks; spawn on a bifilar::runtime");
    if constexpr (is_bare_future<F, Args...>)
        return stackful::fiber_task<output, fiber_body<std::decay_t<F>>>::start(on, *home, stack, std::forward<F>(f));
    else
        return stackful::fiber_task<output, fiber_call<std::decay_t<F>, std::unwrap_ref_decay_t<Args>...>>::start(
            on, *home, stack, std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
}

template <class F, class... Args>
join_handle<launched_output<F, Args...>> launch(sched::scheduler& on, const spawn_options& options, F&& f,
                                                Args&&... args) {
    if (options.on == backend::stackful)
        return launch_stackful(on, options, std::forward<F>(f), std::forward<Args>(args)...);
    return launch_stackless(on, start_options_of(options), std::forward<F>(f),
                            std::forward<Args>(args)...);
}

}  // namespace bifilar::detail
