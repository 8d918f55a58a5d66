// Structured concurrency: tasks that end before the scope does that started them.
// with_scope for coroutines and wherever a future fits; task_scope by itself for fibers and plain threads.
#pragma once

#include <bifilar/combine/join_all.hpp>
#include <bifilar/runtime/detail/scope_child.hpp>
#include <bifilar/runtime/spawn.hpp>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace bifilar {

class runtime;

/// A child as its scope gives it: a join_handle that may be dropped without a thought.
template <class T>
class child_handle : public join_handle<T> {
public:
    explicit child_handle(join_handle<T> of) noexcept : join_handle<T>{std::move(of)} {}
};

/// Tasks of either model that end before the scope does. Neither copied nor moved.
///
/// The first child that throws cancels the others, and join() rethrows its exception when all have ended. A child that
/// ends by cancellation alone fails nothing.
///
/// By itself for fibers and plain threads, whose destructors can wait. In a coroutine, whose destructors cannot, use
/// with_scope: the constructor throws std::logic_error there.
/// Thread: any for spawn() and cancel(), also from the children.
class task_scope {
public:
    /// For children on the running fiber's runtime.
    /// Throws: std::logic_error outside of a task, and in a stackless one.
    task_scope();
    /// For children on `on`; from a plain thread too.
    /// Throws: std::logic_error in a stackless task.
    explicit task_scope(runtime& on);
    task_scope(const task_scope&) = delete;
    task_scope& operator=(const task_scope&) = delete;
    /// Waits until all children have ended; cancels them first when an exception is on its way out. An exception of a
    /// child that no join() has rethrown goes to the runtime's on_detached_exception; on a plain thread it aborts; it
    /// is dropped when another exception is on its way out.
    /// Cancellation: cancels the children, and waits for them all the same.
    /// Suspends: a fiber, until all children have ended.
    /// Blocks: a plain thread, as long.
    ~task_scope();

    /// As bifilar::spawn, and the handle may be dropped: the scope takes care of the task. A child that throws has no
    /// outcome of its own: its handle says cancelled, the scope has the exception. In a cancelled scope the child ends
    /// without having begun. What a child returns and nobody joins is destroyed at any time after its end, also after
    /// the scope's.
    /// Throws: as bifilar::spawn; with nothing started then.
    template <class F, class... Args>
    child_handle<detail::launched_output<F, Args...>> spawn(const spawn_options& options, F&& f, Args&&... args) {
        using made = child_handle<detail::launched_output<F, Args...>>;
        detail::scope_child child{*core_};
        if constexpr (detail::is_bare_future<F, Args...>) {
            using body = detail::scoped_future<std::decay_t<F>>;
            return made{detail::launch(core_->scheduler(), options, body{std::move(child), std::forward<F>(f)})};
        } else if constexpr (future<std::invoke_result_t<std::decay_t<F>&, std::unwrap_ref_decay_t<Args>&&...>>) {
            using body = detail::scoped_future<bound_call_for<F, Args...>>;
            return made{
                detail::launch(core_->scheduler(), options,
                               body{std::move(child), std::in_place, std::forward<F>(f), std::forward<Args>(args)...})};
        } else {
            using body = detail::scoped_call<std::decay_t<F>, std::unwrap_ref_decay_t<Args>...>;
            return made{detail::launch(core_->scheduler(), options,
                                       body{std::move(child), std::forward<F>(f), std::forward<Args>(args)...})};
        }
    }
    /// A child, which ends before the scope does. See the function spawn.
    template <class F, class... Args>
    child_handle<detail::launched_output<F, Args...>> spawn(backend on, F&& f, Args&&... args) {
        spawn_options options;
        options.on = on;
        return spawn(options, std::forward<F>(f), std::forward<Args>(args)...);
    }
    /// A child, which ends before the scope does. See the function spawn.
    template <class F, class... Args>
        requires(!std::is_same_v<std::decay_t<F>, backend> && !std::is_same_v<std::decay_t<F>, spawn_options>)
    child_handle<detail::launched_output<F, Args...>> spawn(F&& f, Args&&... args) {
        return spawn(spawn_options{}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    /// What is left is a mistake.
    template <class... Given>
        requires(!detail::can_launch<std::remove_cvref_t<Given>...>)
    void spawn(Given&&...) {
        detail::refuse_launch<std::remove_cvref_t<Given>...>();
    }

    class join_future;
    /// A future of the end of all children. More may be spawned afterwards, if none has thrown.
    /// Throws: the first exception of a child.
    /// Cancellation: cancels the children and waits for them.
    /// Suspends: until all have ended.
    [[nodiscard]] join_future join() noexcept;

    /// Asks all children, and those to come, to end. Does not wait.
    void cancel() noexcept { (void)core_->cancel(); }
    /// The same, and says who they are and what they waited on: at most `most` of them. One that runs just then, or has
    /// no memory left for its text, is told with its name at most.
    /// Allocates: the descriptions.
    [[nodiscard]] std::vector<task_description> cancel_and_describe(std::size_t most = 1'000) noexcept {
        return core_->cancel(most);
    }
    /// Children that have not ended; may be out of date when it returns.
    [[nodiscard]] std::uint64_t alive() const noexcept { return core_->alive().count(); }
    /// What was thrown besides the exception that join() rethrew, oldest first. Afterwards there is nothing.
    [[nodiscard]] std::vector<std::exception_ptr> take_other_errors() noexcept { return core_->take_other_errors(); }

private:
    // It makes a scope that is a view of its own core, and looks after the children itself.
    template <class Body>
    friend class scope_future;

    // A view of a core that somebody else looks after.
    explicit task_scope(detail::scope_core& core) noexcept : core_{&core} {}

    std::optional<detail::scope_core> own_;
    detail::scope_core* core_;
    int exceptions_ = 0;  // On their way when the scope was made.
};

class [[nodiscard]] task_scope::join_future {
public:
    using output = void;

    explicit join_future(detail::scope_core& of) noexcept : of_{&of}, all_{of.alive()} {}

    polled<void> poll(context& cx) {
        if (!all_.poll(cx)) return not_ready;
        if (std::exception_ptr error = of_->tell_error()) std::rethrow_exception(std::move(error));
        return done;
    }
    polled<void> poll_cancel(context& cx) {
        (void)of_->cancel();
        return all_.poll(cx);
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<join_future>(to, wait_fact::object(of_),
                                         wait_fact::number("children", of_->alive().count()));
    }

private:
    detail::scope_core* of_;
    detail::gate_wait<detail::countdown> all_;
};

inline task_scope::join_future task_scope::join() noexcept { return join_future{*core_}; }

/// What with_scope makes.
template <class Body>
class [[nodiscard]] scope_future {
    using made = std::invoke_result_t<Body&, task_scope&>;
    static_assert(future<made>,
                  "with_scope takes a callable that gets a task_scope& and returns a future, such as a "
                  "coroutine; in a fiber, make a task_scope instead");

public:
    using output = output_of<made>;

    scope_future(Body body, std::vector<std::exception_ptr>* others) : body_{std::move(body)}, others_{others} {}
    /// Before its first poll.
    scope_future(scope_future&& other) noexcept(std::is_nothrow_move_constructible_v<Body>)
        : body_{std::move(other.body_)}, others_{other.others_} {
        BIFILAR_CHECK(other.scope_ == nullptr, "a scope was moved after its first poll");
    }
    scope_future& operator=(scope_future&&) = delete;
    ~scope_future() {
        BIFILAR_CHECK(scope_ == nullptr || scope_->core.alive().is_at_rest(),
                      "a scope was destroyed while its children live; await it, or let race, timeout or the end of a "
                      "cancelled task bring it to rest");
    }

    polled<output> poll(context& cx) {
        if (scope_ == nullptr) begin();
        if (!over_ && !run(cx)) return not_ready;
        if (!scope_->all.poll(cx)) return not_ready;
        if (others_ != nullptr) *others_ = scope_->core.take_other_errors();
        if (std::exception_ptr error = scope_->core.tell_error()) std::rethrow_exception(std::move(error));
        if constexpr (std::is_void_v<output>)
            return done;
        else
            return output{std::move(*value_)};
    }

    polled<void> poll_cancel(context& cx) {
        if (scope_ == nullptr) return done;
        (void)scope_->core.cancel();
        if (!over_ && scope_->body) {
            if (!bifilar::poll_cancel(*scope_->body, cx)) return not_ready;
        }
        over_ = true;
        return scope_->all.poll(cx);
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (scope_ == nullptr) return;
        if (!over_ && scope_->body) return bifilar::describe_wait(*scope_->body, to);
        detail::visit_facts<scope_future>(to, wait_fact::object(&scope_->core),
                                          wait_fact::number("children", scope_->core.alive().count()));
    }

private:
    // One block, made with the first poll, because it cannot move.
    struct state {
        explicit state(sched::scheduler& on) : core{on}, scope{core}, failed{core.failed()}, all{core.alive()} {}
        detail::scope_core core;
        task_scope scope;
        event::wait_future failed;
        detail::gate_wait<detail::countdown> all;
        std::optional<made> body;
    };

    void begin() {
        scope_ = std::make_unique<state>(detail::current_scheduler("with_scope", "await it inside of run()"));
    }

    // True when the body has ended, one way or another.
    bool run(context& cx) {
        if (!failing_) {
            try {
                if (!scope_->body) scope_->body.emplace(std::invoke(body_, scope_->scope));
                polled<output> answer = scope_->body->poll(cx);
                if (answer) {
                    if constexpr (!std::is_void_v<output>) value_.emplace(answer.take());
                    return over_ = true;
                }
            } catch (...) {
                scope_->core.fail(std::current_exception());
                return over_ = true;
            }
            failing_ = scope_->failed.poll(cx).is_ready();
            if (!failing_) return false;
        }
        // A child has failed: the body ends too.
        over_ = bifilar::poll_cancel(*scope_->body, cx).is_ready();
        return over_;
    }

    Body body_;
    std::vector<std::exception_ptr>* others_;
    std::unique_ptr<state> scope_;
    std::optional<value_of<output>> value_;
    bool failing_ = false;
    bool over_ = false;  // The body has ended or is at rest.
};

/// A future that runs body(scope), a coroutine or another future, and is ready when that and all tasks that were
/// spawned in the scope have ended. Its output is the body's. Inside of a runtime's task.
/// Throws: the first exception, of the body or of a child, which cancels the rest, the body included, once all have
/// ended; `others` gets those that came after it. In the first poll std::bad_alloc, and std::logic_error outside of a
/// runtime's task.
/// Cancellation: cancels the body and all children and waits for them; what the body gave is lost.
/// Suspends: until all have ended.
/// Allocates: one block.
template <class Body>
    requires std::invocable<std::decay_t<Body>&, task_scope&>
scope_future<std::decay_t<Body>> with_scope(Body&& body, std::vector<std::exception_ptr>* others = nullptr) {
    return scope_future<std::decay_t<Body>>{std::forward<Body>(body), others};
}
/// What is left is a mistake: says which.
template <class Body>
    requires(!std::invocable<std::decay_t<Body>&, task_scope&>)
void with_scope(Body&&, std::vector<std::exception_ptr>* = nullptr) {
    static_assert(std::invocable<std::decay_t<Body>&, task_scope&>,
                  "with_scope takes a callable of one parameter, the task_scope&; a lambda captures what else it "
                  "needs, by reference what it is to change");
}

}  // namespace bifilar
