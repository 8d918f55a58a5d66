// The life of a store: made by the first value or by a spawn, given to the task as a kind, gone with the body's end.
// In this room because a task inherits deadlines with its locals.
#include <bifilar/local/detail/local_store.hpp>

#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/outcome.hpp>
#include <bifilar/time/deadline.hpp>
#include <bifilar/time/detail/deadline_alarm.hpp>
#include <bifilar/time/now.hpp>

#include <algorithm>
#include <utility>

namespace bifilar::detail {

void* local_entry::operator new(std::size_t bytes) { return allocate_frame(bytes); }
void local_entry::operator delete(void* place) noexcept { release_frame(place); }
void* local_store::operator new(std::size_t bytes) { return allocate_frame(bytes); }
void local_store::operator delete(void* place) noexcept { release_frame(place); }

local_store::~local_store() {
    if (alarm_ != nullptr) alarm_->disarm();
    end_values();
}

std::unique_ptr<local_entry> local_store::take(const local_key& key) noexcept {
    std::unique_ptr<local_entry>* at = &newest_;
    while (*at != nullptr && &(*at)->key() != &key) at = &(*at)->older_;
    std::unique_ptr<local_entry> found = std::move(*at);
    if (found != nullptr) *at = std::move(found->older_);
    return found;
}

void local_store::end_values() noexcept {
    // Out of the list first: a destructor that asks for its own value finds none, and may set others.
    while (newest_ != nullptr) {
        const std::unique_ptr<local_entry> ends = std::move(newest_);
        newest_ = std::move(ends->older_);
    }
}

std::unique_ptr<local_store> local_store::for_child() const {
    std::unique_ptr<local_store> made;
    const auto child = [&]() -> local_store& {
        if (made == nullptr) made.reset(new local_store);
        return *made;
    };
    std::unique_ptr<local_entry>* last = nullptr;
    for (const local_entry* at = newest_.get(); at != nullptr; at = at->older_.get()) {
        if (at->key().copy_ == nullptr) continue;
        // Appended, so that the child's list has the order of its parent's.
        if (last == nullptr) last = &child().newest_;
        *last = at->key().copy_(*at);
        last = &(*last)->older_;
    }
    if (deadline_ != base::never) {
        local_store& to = child();
        // Made here, where it may throw; the child's first run arms it, on the child's worker.
        to.alarm_ = deadline_alarm::make();
        to.deadline_ = to.inherited_deadline_ = deadline_;
        to.left_ns_ = std::max<base::instant_ns>(deadline_, 0) - timer_now_ns();
        to.spawned_by_ = timer_clock();
    }
    return made;
}

// Others read kind_ only when they have claimed the task or hold its last reference, and the state word's exchanges
// that say so are ordered after those by which the owner of the body lets go of it. So a plain pointer does.
void local_store::attach(std::unique_ptr<local_store> made, task_header& task) noexcept {
    local_store& own = *made.release();
    own.was_ = task.kind_;
    // A copy, in which the store is named: others of the same kind are not concerned.
    own.kind_ = *task.kind_;
    own.kind_.locals = &own;
    if (own.alarm_ != nullptr) own.kind_.run = &first_run;
    task.kind_ = &own.kind_;
}

void local_store::adopt_clock() noexcept {
    if (inherited_deadline_ == base::never || spawned_by_ == timer_clock()) return;
    deadline_ = inherited_deadline_ = base::after(timer_now_ns(), std::chrono::nanoseconds{left_ns_});
    spawned_by_ = timer_clock();
}

run_result local_store::first_run(task_header& task, context& cx) noexcept {
    local_store& own = *task.kind_->locals;
    // The runs that follow do not come here.
    own.kind_.run = own.was_->run;
    own.adopt_clock();
    const base::instant_ns now = timer_now_ns();
    if (own.inherited_deadline_ > now) {
        own.alarm_->arm(task, own.inherited_deadline_, now);
        return own.was_->run(task, cx);
    }
    // Born cancelled: a body that has not begun ends at once.
    context late{task, true, cx};
    const run_result answer = own.was_->run(task, late);
    BIFILAR_CHECK(answer == run_result::done, "a task that had not begun waited when it was cancelled");
    return answer;
}

void end_locals(task_header& task) noexcept { local_store::detach(task); }

void local_store::detach(task_header& task) noexcept {
    local_store* const own = task.kind_->locals;
    // First of all: no cancel has a meaning any more.
    if (deadline_alarm* const alarm = std::exchange(own->alarm_, nullptr)) alarm->disarm();
    own->end_values();
    // Before the store goes, in which the present kind lies.
    task.kind_ = own->was_;
    delete own;
}

namespace {

bool task_is_cancelled() noexcept {
    const task_header* const task = running_task();
    if (task == nullptr) return false;
    if (task->state_.is_cancelling()) return true;
    // Of two tasks whose deadline comes the one that is waited for may be asked first.
    const local_store* const own = task->kind_->locals;
    return own != nullptr && deadline_has_come(own->inherited_deadline());
}

}  // namespace

bool ends_as_cancelled() noexcept {
    // Before the exception's type, because finding that out costs a throw.
    if (!task_is_cancelled()) return false;
    try {
        throw;
    } catch (const task_cancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

namespace {

// Ends a plain thread's values with the thread.
class thread_locals_keeper {
public:
    thread_locals_keeper() noexcept = default;
    thread_locals_keeper(const thread_locals_keeper&) = delete;
    thread_locals_keeper& operator=(const thread_locals_keeper&) = delete;
    ~thread_locals_keeper() {
        thread_state& here = this_thread();
        here.ends = true;
        // In place until its values have ended, because they may look at each other.
        if (here.locals != nullptr) here.locals->end_values();
        delete std::exchange(here.locals, nullptr);
    }
    void touch() noexcept {}
};

}  // namespace

local_store& own_locals() {
    thread_state& here = this_thread();
    if (local_store* const own = running_locals(here)) return *own;
    std::unique_ptr<local_store> made{new local_store};
    local_store& own = *made;
    if (task_header* const task = here.task.load(base::relaxed)) {  // Relaxed: this thread wrote it.
        local_store::attach(std::move(made), *task);
        return own;
    }
    here.locals = made.release();
    // Else nobody ends these values: the thread's keepers have gone.
    if (!here.ends) {
        thread_local thread_locals_keeper keeper;
        keeper.touch();
    }
    return own;
}

job_locals::job_locals(std::unique_ptr<local_store> own) noexcept
    : outer_{std::exchange(this_thread().locals, own.release())} {}

job_locals::~job_locals() {
    thread_state& here = this_thread();
    // In place until its values have ended, as those of a thread.
    if (here.locals != nullptr) here.locals->end_values();
    delete std::exchange(here.locals, outer_);
}

}  // namespace bifilar::detail
