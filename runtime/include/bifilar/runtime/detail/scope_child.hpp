// A scope's children: what the scope knows of them, and what keeps each among them until it ends.
// Wrapped around the body of each child by task_scope and with_scope.
#pragma once

#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/sync/detail/countdown.hpp>
#include <bifilar/sync/event.hpp>
#include <bifilar/task/task_description.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <exception>
#include <functional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace bifilar {

namespace sched {
class scheduler;
}

namespace detail {

class scope_child;

/// The children of a scope. Any thread.
class scope_core {
public:
    explicit scope_core(sched::scheduler& on) noexcept : scheduler_{&on}, alive_{0} {}
    scope_core(const scope_core&) = delete;
    scope_core& operator=(const scope_core&) = delete;

    /// Asks all children, and those that are still to come, to end. Does not wait. Describes at most `most` of those
    /// that were asked now.
    std::vector<task_description> cancel(std::size_t most = 0) noexcept;
    /// A child, or the scope's body, threw: the first counts, the rest are kept beside it; all others are cancelled.
    void fail(std::exception_ptr error) noexcept;

    /// A child begins, which its task does not do in a scope that was cancelled: false. By its task.
    [[nodiscard]] bool enter(scope_child& child) noexcept;
    /// It ends.
    void leave(scope_child& child) noexcept;

    [[nodiscard]] sched::scheduler& scheduler() const noexcept { return *scheduler_; }
    [[nodiscard]] event& failed() noexcept { return failed_; }
    [[nodiscard]] countdown& alive() noexcept { return alive_; }
    /// The first error, which whoever asks will rethrow; null without one.
    [[nodiscard]] std::exception_ptr tell_error() noexcept;
    /// The first error, if nobody was told.
    [[nodiscard]] std::exception_ptr untold_error() noexcept;
    [[nodiscard]] bool is_cancelled() noexcept;
    /// The others, oldest first.
    [[nodiscard]] std::vector<std::exception_ptr> take_other_errors() noexcept;

private:
    [[nodiscard]] bool cancel_some(std::vector<task_description>& told, std::size_t most) noexcept;
    void keep_other(std::exception_ptr error) noexcept;  // Under the lock.

    sched::scheduler* scheduler_;
    countdown alive_;                            // Children that have not ended.
    event failed_;                               // An error was noted.
    base::spin_lock lock_;                       // Guards what follows.
    base::intrusive_list<scope_child> running_;  // Children that have begun and were not asked to end.
    base::intrusive_list<scope_child> asked_;    // And those that were.
    bool cancelled_ = false;
    bool told_ = false;  // Somebody has rethrown the error.
    std::exception_ptr error_;
    std::vector<std::exception_ptr> other_errors_;
};

/// A child's membership: kept in its task, ends with its body and its task_local values.
class scope_child : public base::list_link<scope_child> {
public:
    explicit scope_child(scope_core& of) noexcept;
    /// Before it has begun.
    scope_child(scope_child&& other) noexcept
        : scope_{std::exchange(other.scope_, nullptr)}, spawner_{other.spawner_} {}
    scope_child& operator=(scope_child&&) = delete;
    ~scope_child();

    /// In its final place, by the task itself. Throws `cancelled` when the scope was cancelled before.
    void begin();
    /// In a handler, at the end of the body: the exception goes to the scope, and the task ends as a cancelled one.
    [[noreturn]] void fail();

    /// Null before it begins. For its scope, which has it in a list, under the scope's lock.
    [[nodiscard]] task_header* task() const noexcept { return task_; }

private:
    scope_core* scope_;
    const task_header* spawner_;   // Compared only. Null: a plain thread.
    task_header* task_ = nullptr;  // Set by begin.
};

/// A child that is a future. Its exceptions go to the scope; its task then counts as cancelled.
template <future F>
class scoped_future {
public:
    using output = output_of<F>;
    static constexpr std::string_view model = [] {
        if constexpr (requires { F::model; })
            return F::model;
        else
            return std::string_view{"future"};
    }();

    template <class... Given>
    explicit scoped_future(scope_child child, Given&&... given)
        : child_{std::move(child)}, body_(std::forward<Given>(given)...) {}

    // In line: see link::drive.
    [[gnu::always_inline]] polled<output> poll(context& cx) {
        if (!begun_) {
            child_.begin();
            begun_ = true;
        }
        try {
            return body_.poll(cx);
        } catch (...) {
            child_.fail();
        }
    }
    polled<void> poll_cancel(context& cx) { return begun_ ? bifilar::poll_cancel(body_, cx) : polled<void>{done}; }
    void describe_wait(task_visitor& to) const noexcept {
        if (begun_) bifilar::describe_wait(body_, to);
    }

private:
    scope_child child_;  // First, so that it ends last.
    F body_;
    bool begun_ = false;
};

/// A child that is a plain callable.
template <class F, class... Args>
class scoped_call {
public:
    using result = std::invoke_result_t<F&, Args&&...>;

    template <class G, class... Given>
    explicit scoped_call(scope_child child, G&& f, Given&&... given)
        : child_{std::move(child)}, call_(std::forward<G>(f)), args_(std::forward<Given>(given)...) {}

    result operator()() {
        child_.begin();
        try {
            return std::apply(
                [this](Args&... args) -> result { return std::invoke(call_, std::forward<Args>(args)...); }, args_);
        } catch (...) {
            child_.fail();
        }
    }

private:
    scope_child child_;
    [[no_unique_address]] F call_;
    [[no_unique_address]] std::tuple<Args...> args_;
};

}  // namespace detail
}  // namespace bifilar
