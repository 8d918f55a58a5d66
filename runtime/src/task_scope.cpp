// The children of a scope: who they are, how they are asked to end, and whose exception counts.
#include <bifilar/runtime/task_scope.hpp>

#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/runtime/runtime.hpp>
#include <bifilar/sched/detail/lost_error.hpp>
#include <bifilar/sched/detail/scheduler.hpp>

#include <array>
#include <new>
#include <optional>
#include <stdexcept>

namespace bifilar {
namespace detail {

namespace {

// Of a task that runs: its body is not ours to look into.
task_description name_only(const task_header& task) {
    const task_label label = label_at(&task);
    task_description made;
    made.name = label.name();
    made.spawned_at = label.place();
    return made;
}

}  // namespace

std::vector<task_description> scope_core::cancel(std::size_t most) noexcept {
    std::vector<task_description> told;
    while (cancel_some(told, most)) continue;
    return told;
}

// True when there may be more of them.
bool scope_core::cancel_some(std::vector<task_description>& told, std::size_t most) noexcept {
    constexpr std::size_t wakes_per_hold = 64;
    std::array<task_header*, wakes_per_hold> claimed{};
    std::size_t claims = 0;
    bool more = true;
    wake_batch batch;  // Ends last: no lock is held when the wakes go out.
    const auto tell = [&](const task_header& task, bool parked) {
        try {
            if (told.size() >= most) return;
            told.push_back(parked ? sched::scheduler::describe(task, true) : name_only(task));
        } catch (const std::bad_alloc&) {
            // Without memory the rest is cancelled all the same, and not described.
            most = told.size();
        }
    };
    {
        const std::lock_guard guard{lock_};
        cancelled_ = true;
        for (std::size_t count = 0; count < wakes_per_hold; ++count) {
            scope_child* const child = running_.take_front();
            more = child != nullptr;
            if (!more) break;
            // Another list, so that the next portion begins behind these.
            asked_.push_back(*child);
            // Alive: its membership ends under this lock, and its task after that.
            task_header& task = *child->task();
            if (task.state_.request_cancel() == wake_result::schedule)
                claimed[claims++] = &task;
            else
                tell(task, false);
        }
    }
    // Their bodies are this thread's until they are scheduled.
    for (std::size_t at = 0; at < claims; ++at) {
        tell(*claimed[at], true);
        batch.add_claimed(*claimed[at]);
    }
    return more;
}

bool scope_core::enter(scope_child& child) noexcept {
    const std::lock_guard guard{lock_};
    // Under the same hold of the lock as the entry: a cancel is seen here, or finds the child in the list.
    if (cancelled_) return false;
    running_.push_back(child);
    return true;
}

void scope_core::leave(scope_child& child) noexcept {
    const std::lock_guard guard{lock_};
    base::intrusive_list<scope_child>::erase(child);
}

void scope_core::keep_other(std::exception_ptr error) noexcept {
    try {
        other_errors_.push_back(std::move(error));
    } catch (const std::bad_alloc&) {
        // Without memory this one is lost, and the first stands for it.
    }
}

void scope_core::fail(std::exception_ptr error) noexcept {
    {
        const std::lock_guard guard{lock_};
        // A body that joined its scope brings the children's error once more.
        if (error_ == nullptr)
            error_ = std::move(error);
        else if (error_ != error)
            keep_other(std::move(error));
    }
    // Outside of the lock, which cancel() takes for each portion.
    failed_.set();
    (void)cancel();
}

std::exception_ptr scope_core::tell_error() noexcept {
    const std::lock_guard guard{lock_};
    told_ = true;
    return error_;
}

std::exception_ptr scope_core::untold_error() noexcept {
    const std::lock_guard guard{lock_};
    return told_ ? nullptr : error_;
}

bool scope_core::is_cancelled() noexcept {
    const std::lock_guard guard{lock_};
    return cancelled_;
}

std::vector<std::exception_ptr> scope_core::take_other_errors() noexcept {
    const std::lock_guard guard{lock_};
    return std::exchange(other_errors_, {});
}

namespace {

// A fiber still runs on its own stack. Its values do not wait there either.
void end_child_locals(task_header& child) noexcept {
    std::optional<stackful::fiber::poll_scope> no_waits;
    if (stackful::fiber* const self = stackful::fiber::current()) no_waits.emplace(*self);
    end_locals(child);
}

}  // namespace

scope_child::scope_child(scope_core& of) noexcept : scope_{&of}, spawner_{running_task()} {
    // Counted before its task exists: from here on the scope waits for it.
    BIFILAR_CHECK(of.alive().add(1), "a scope has too many children");
}

scope_child::~scope_child() {
    if (scope_ == nullptr) return;
    // The child's own values may use what lives as long as the scope. One that never begun has inherited values too;
    // what could not be started at all ends in its spawner's name.
    task_header* const self = running_task();
    if (self != nullptr && self != spawner_ && self->kind_->locals != nullptr) [[unlikely]]
        end_child_locals(*self);
    if (task_ != nullptr) scope_->leave(*this);
    // The last touch: whoever waits for the children may end the scope now.
    (void)scope_->alive().take(1);
}

void scope_child::fail() {
    try {
        throw;
    } catch (const cancelled&) {
        throw;
    } catch (const task_cancelled&) {
        // It waited for another child, which was cancelled like this one.
        if (!scope_->is_cancelled() && !ends_as_cancelled()) scope_->fail(std::current_exception());
    } catch (...) {
        scope_->fail(std::current_exception());
    }
    // The scope has the exception; to its handle the child counts as cancelled.
    throw cancelled{};
}

void scope_child::begin() {
    // Before it is in the list, where it is asked for.
    task_ = running_task();
    if (scope_->enter(*this)) return;
    task_ = nullptr;
    throw cancelled{};
}

}  // namespace detail

namespace {

void refuse_coroutines() {
    const stackful::fiber* const self = stackful::fiber::current();
    if (self == nullptr || self->polls())
        throw std::logic_error{
            "a task_scope in a coroutine could not wait in its destructor; co_await with_scope(…) instead"};
}

sched::scheduler& fiber_scheduler() {
    sched::scheduler& on = detail::current_scheduler("task_scope", "give it the runtime: task_scope scope{runtime}");
    refuse_coroutines();
    return on;
}

}  // namespace

task_scope::task_scope()
    : own_{std::in_place, fiber_scheduler()}, core_{&*own_}, exceptions_{std::uncaught_exceptions()} {}

task_scope::task_scope(runtime& on)
    : own_{std::in_place, runtime::scheduler_of(on)}, core_{&*own_}, exceptions_{std::uncaught_exceptions()} {
    if (detail::running_task() != nullptr) refuse_coroutines();
}

task_scope::~task_scope() {
    if (!own_) return;
    // More than at the beginning: the scope is left by an exception.
    if (std::uncaught_exceptions() > exceptions_) (void)own_->cancel();
    detail::await_through(detail::gate_wait<detail::countdown>{own_->alive()}, [this] { (void)own_->cancel(); });
    std::exception_ptr error = own_->untold_error();
    // Two exceptions cannot leave together, and the first one counts.
    if (error == nullptr || std::uncaught_exceptions() > exceptions_) return;
    if (detail::task_header* const task = detail::running_task()) {
        // As of a detached task: nobody has asked for it.
        sched::report_lost(static_cast<detail::task_core&>(*task), std::move(error),
                           detail::this_thread().runtime_serial);
        return;
    }
    BIFILAR_CHECK(error == nullptr, "a task_scope ended with an exception of a child; join() it");
}

}  // namespace bifilar
