// serve: the loop around accept that every server needs, with limits, back-off and an orderly end.
// Over any listener and any stream, in both models; built on with_scope.
#pragma once

#include <bifilar/combine/race.hpp>
#include <bifilar/future/ready.hpp>
#include <bifilar/future/stop.hpp>
#include <bifilar/runtime/detail/serve_core.hpp>
#include <bifilar/runtime/task_scope.hpp>
#include <bifilar/stackless/task.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <bifilar/time/sleep.hpp>
#include <concepts>
#include <expected>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace bifilar {

/// Something with accept(), a future of a stream or of the system's error: tcp_listener, unix_listener.
template <class L>
concept listener = std::movable<L> && requires(L& l) {
    { l.accept() } -> future;
    requires is_expected<output_of<decltype(l.accept())>>;
    requires std::same_as<typename output_of<decltype(l.accept())>::error_type, std::error_code>;
};

/// What ends a server: a future, such as ctrl_c() or an event's wait(), or a std::stop_token. The future's output is
/// dropped, but for the error of an io_result, which the report tells. After one signal ctrl_c() is ready for the rest
/// of the process: a server that is started after it ends at once.
template <class S>
concept stop_condition = future<S> || std::same_as<S, std::stop_token>;

/// What a connection's handler may ask its server: the second argument, for handlers that take one. A pointer and a
/// number; valid in the connection's task and in tasks that end before it.
class serving {
public:
    /// For the library.
    serving(detail::serve_core& in, std::uint64_t number) noexcept : in_{&in}, number_{number} {}

    /// Whether the server was asked to stop: finish what was begun, begin nothing new.
    [[nodiscard]] bool stopping() const noexcept { return in_->stopping().is_set(); }
    /// A future that is ready once it was; for a race with the wait for the next request.
    [[nodiscard]] event::wait_future stop() const noexcept { return in_->stopping().wait(); }
    /// The connection's number: 1, 2, 3 in the order of accepting, all listeners together.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// The bytes that all connections of this server share (serve_options::budget_bytes): take them before memory is
    /// allocated for what a peer sends or asks for. Loans must end with the connection's task, or with tasks that end
    /// before it.
    [[nodiscard]] byte_budget& budget() const noexcept { return in_->budget(); }

private:
    detail::serve_core* in_;
    std::uint64_t number_;
};

namespace detail {

template <listener L>
using stream_of = typename output_of<decltype(std::declval<L&>().accept())>::value_type;

template <class Handler, class Stream>
inline constexpr bool takes_serving = std::is_invocable_v<Handler&, Stream&&, serving>;

template <class Handler, class L>
concept takes_connection = std::is_invocable_v<Handler&, stream_of<L>&&> || takes_serving<Handler, stream_of<L>>;

/// What serve is given one of, or several.
template <class L>
struct listener_in {
    using type = L;
};
template <class L>
struct listener_in<std::vector<L>> {
    using type = L;
};
template <class L>
using one_of = typename listener_in<L>::type;

template <class Handler, class Stream>
decltype(auto) handle(Handler& handler, Stream stream, serving about) {
    if constexpr (takes_serving<Handler, Stream>)
        return std::invoke(handler, std::move(stream), about);
    else
        return std::invoke(handler, std::move(stream));
}

template <class Handler, class Stream>
using handled = decltype(handle(std::declval<Handler&>(), std::declval<Stream>(), std::declval<serving>()));

/// A connection whose handler gives a future, as a future that throws nothing but what cancels it. The handler is
/// called by the first poll.
template <class Handler, class Stream>
class served_connection {
    using made = handled<Handler, Stream>;

public:
    using output = void;
    static constexpr std::string_view model = [] {
        if constexpr (requires { made::model; })
            return made::model;
        else
            return std::string_view{"future"};
    }();

    served_connection(connection_place place, Handler& handler, Stream stream) noexcept
        : place_{std::move(place)}, handler_{&handler}, stream_{std::move(stream)} {}
    /// Before its first poll.
    served_connection(served_connection&& other) noexcept
        : place_{std::move(other.place_)}, handler_{other.handler_}, stream_{std::move(other.stream_)} {
        BIFILAR_CHECK(!other.body_, "a future was moved after its first poll");
    }
    served_connection& operator=(served_connection&&) = delete;

    // In line: see link::drive.
    [[gnu::always_inline]] polled<void> poll(context& cx) {
        try {
            if (!body_) {
                place_.begin();
                body_.emplace(emplaced{*this});
            }
            if (!body_->poll(cx)) return not_ready;
            place_.end();
        } catch (...) {
            place_.fail();
        }
        return done;
    }
    polled<void> poll_cancel(context& cx) { return body_ ? bifilar::poll_cancel(*body_, cx) : polled<void>{done}; }
    void describe_wait(task_visitor& to) const noexcept {
        if (body_) bifilar::describe_wait(*body_, to);
    }

private:
    // Makes the future in its final place: a future need not be movable.
    class emplaced {
    public:
        explicit emplaced(served_connection& owner) noexcept : owner_{&owner} {}
        operator made() const {
            return handle(*owner_->handler_, std::move(owner_->stream_),
                          serving{owner_->place_.in(), owner_->place_.number()});
        }

    private:
        served_connection* owner_;
    };

    connection_place place_;  // First, so that it ends last.
    Handler* handler_;
    Stream stream_;
    std::optional<made> body_;
};

/// The same for a plain handler, on its own stack.
template <class Handler, class Stream>
void serve_plainly(connection_place given, Handler& handler, Stream stream) {
    connection_place place{std::move(given)};
    place.begin();
    Stream own{std::move(stream)};  // A parameter would outlive `place`.
    try {
        (void)handle(handler, std::move(own), serving{place.in(), place.number()});
        place.end();
    } catch (...) {
        place.fail();
    }
}

/// Starts the task of one connection. Throws as spawn.
template <class Handler, class Stream>
void start_connection(task_scope& scope, const spawn_options& how, connection_place place, Handler& handler,
                      Stream stream) {
    if constexpr (future<handled<Handler, Stream>>)
        scope.spawn(how, served_connection<Handler, Stream>{std::move(place), handler, std::move(stream)});
    else
        scope.spawn(how, &serve_plainly<Handler, Stream>, std::move(place), std::ref(handler), std::move(stream));
}

/// One of possibly several tasks that accept.
template <listener L, class Handler>
task<void> accept_all(serve_core& core, L& from, Handler& handler, task_scope& scope) {
    const spawn_options how = core.connection_task();
    accept_pause pause;
    for (;;) {
        semaphore::permit room = co_await core.room().acquire();
        core.freed().reset();  // What was freed before this attempt is no reason to repeat it.
        auto accepted = co_await from.accept();
        std::error_code error;
        bool out_of_memory = false;
        if (accepted) {
            try {
                start_connection(scope, how, connection_place{core, std::move(room)}, handler, std::move(*accepted));
                core.note_accepted();
                pause.reset();
                continue;
            } catch (const std::system_error& refused) {
                error = refused.code();  // No address space or no mappings for another stack.
            } catch (const std::bad_alloc&) {
                error = std::make_error_code(std::errc::not_enough_memory);
            }
            core.note_refused();
            out_of_memory = true;
        } else {
            error = accepted.error();
        }
        room.release();
        const accept_failure what = out_of_memory ? accept_failure::exhausted : judge_accept(error);
        if (what == accept_failure::fatal) {
            core.fail(error);
            co_return;
        }
        if (what == accept_failure::passing && !pause.is_due()) continue;
        core.note_exhausted(error);
        co_await race(sleep_for(pause.longer()), core.freed().wait());
    }
}

inline auto as_future(std::stop_token token) { return stop_when(std::move(token), pending()); }
template <future F>
F as_future(F f) {
    return f;
}

template <class Output>
inline constexpr bool can_fail = false;
template <class T>
inline constexpr bool can_fail<std::expected<T, std::error_code>> = true;

/// A wait for the stop that failed is no stop: the report tells it, and the server ends where it cannot be stopped.
template <future F>
task<void> stop_or_failure(F stop, serve_core& core) {
    const auto output = co_await std::move(stop);
    if (output) co_return;
    core.fail(output.error());
    co_await pending();
}
template <future F>
auto watched(F stop, serve_core& core) {
    if constexpr (can_fail<output_of<F>>)
        return stop_or_failure(std::move(stop), core);
    else
        return stop;
}

/// From the first accept to the last connection that ends in time.
template <listener L, class Handler, future Stop, future StopNow>
task<std::vector<task_description>> serve_in(task_scope& scope, serve_core& core, std::vector<L>& from,
                                             Handler& handler, Stop stop, StopNow stop_now) {
    // Before there is anything to lose: they may allocate.
    auto stopped = watched(std::move(stop), core);
    auto stopped_now = watched(std::move(stop_now), core);
    std::vector<child_handle<void>> accepting;
    for (L& one : from)
        accepting.push_back(scope.spawn(core.accepting_task(accepting.size()), accept_all<L, Handler>, std::ref(core),
                                        std::ref(one), std::ref(handler), std::ref(scope)));
    (void)co_await race(std::move(stopped), core.broken().wait());
    // Nobody is let in any more; and who is refused by the kernel may find another server at once.
    for (auto& one : accepting) one.cancel();
    for (auto& one : accepting) (void)co_await one.outcome();
    from.clear();
    core.stopping().set();
    (void)co_await race(core.alive().wait(), sleep_for(core.options().drain), std::move(stopped_now));
    co_return scope.cancel_and_describe();
}

template <listener L, class Handler, future Stop, future StopNow>
task<serve_report> serve_all(std::vector<L> from, serve_options options, Handler handler, Stop stop, StopNow stop_now) {
    serve_core core{std::move(options), from.size()};
    const auto body = [&](task_scope& scope) {
        return serve_in(scope, core, from, handler, std::move(stop), std::move(stop_now));
    };
    std::vector<task_description> left = co_await with_scope(body);
    co_return core.finish(std::move(left));
}

}  // namespace detail

/// Accepts connections and runs handler(stream), or handler(stream, serving), as a task for each, until `stop`. A
/// coroutine; lazy, for co_await, await and run alike; all arguments are kept in it.
///
/// The handler is shared by all connections, on all workers. It takes the stream by value and is a plain function,
/// which waits with await and wants options.on to be stackful, or returns a future, and runs on either backend. What it
/// returns is dropped; what it throws goes to options.on_error.
///
/// When descriptors or memory are used up, accepting pauses until one of its own connections ends, or for 10 ms and
/// then twice as long each time, up to a second; options.on_exhausted tells.
///
/// At the stop it closes the listener, sets serving::stopping for the handlers, and lets them end by themselves for
/// options.drain; then, or once `stop_now` is ready, it cancels the rest and describes them.
/// Throws: std::invalid_argument for bad options, when it is awaited; what spawn throws for the tasks that accept.
/// Errors: those of a single connection are passed over. Any other stops the server like `stop`, and is in the report;
/// so does a failure of `stop` itself, where its output is an io_result. That of `stop_now` is in the report, and
/// connections keep their time to drain.
/// Cancellation: cancels all connections, without time to drain, and waits until they have unwound; the report is lost.
/// Suspends: until the stop, and then until all connections have ended or unwound.
/// Allocates: a task for each connection, and one for each listener.
template <listener L, class Handler, stop_condition Stop, stop_condition StopNow = pending_future<void>>
    requires detail::takes_connection<Handler, L>
task<serve_report> serve(L on, serve_options options, Handler handler, Stop stop, StopNow stop_now = pending()) {
    std::vector<L> all;
    all.push_back(std::move(on));
    return serve(std::move(all), std::move(options), std::move(handler), std::move(stop), std::move(stop_now));
}

/// The same for several listeners, one accepting task each, spread over the workers: tcp_listener::bind_shards, or
/// several addresses.
template <listener L, class Handler, stop_condition Stop, stop_condition StopNow = pending_future<void>>
    requires detail::takes_connection<Handler, L>
task<serve_report> serve(std::vector<L> on, serve_options options, Handler handler, Stop stop,
                         StopNow stop_now = pending()) {
    return detail::serve_all(std::move(on), std::move(options), std::move(handler), detail::as_future(std::move(stop)),
                             detail::as_future(std::move(stop_now)));
}

/// What is left is a mistake: says which.
template <class L, class Handler, class Stop, class StopNow = pending_future<void>>
// NOLINTNEXTLINE(performance-unnecessary-value-param): overloads are told apart by parameters that are the same.
task<serve_report> serve(L, serve_options, Handler, Stop, StopNow = pending()) {
    if constexpr (!listener<detail::one_of<L>>)
        static_assert(listener<detail::one_of<L>>,
                      "serve takes a listener, such as tcp_listener, or a std::vector of them");
    else if constexpr (!stop_condition<Stop> || !stop_condition<StopNow>)
        static_assert(stop_condition<Stop> && stop_condition<StopNow>,
                      "what stops serve is a future, such as ctrl_c() or an event's wait(), or a std::stop_token");
    else
        static_assert(detail::takes_connection<Handler, detail::one_of<L>>,
                      "serve's handler takes a connection by value, or a connection and bifilar::serving: "
                      "[](tcp_stream stream) { … }");
    std::unreachable();
}

}  // namespace bifilar
