// The list of waits in join(), and the exception that ends one; in this room because the scheduler keeps the list.
#include <bifilar/task/detail/join_watch.hpp>

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/thread_mutex.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/task/deadlock_error.hpp>
#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <cstddef>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace bifilar {
namespace detail {
namespace {

constinit base::thread_mutex mutex;  // Guards what follows. Held for an unpark at most.
base::intrusive_list<join_watch>& waits() noexcept {
    // Never destroyed: threads may wait until the process ends.
    alignas(base::intrusive_list<join_watch>) static std::byte place[sizeof(base::intrusive_list<join_watch>)];
    static auto* const all = new (place) base::intrusive_list<join_watch>;
    return *all;
}
// How many there are. Written under the lock, read by workers that fall asleep.
constinit base::atomic<std::size_t> waiting{0};

constexpr std::size_t max_described = 100;

template <class Visit>
void for_each_of(std::uint32_t owner, Visit visit) noexcept {
    // Relaxed: under the lock.
    for (std::size_t left = waiting.load(base::relaxed); left != 0; --left) {
        // The list is turned round once, which leaves it in its order.
        join_watch* const one = waits().take_front();
        waits().push_back(*one);
        visit(*one, owner);
    }
}

}  // namespace

bool join_watch::any() noexcept {
    // Relaxed: behind the fence in worker::suspect_deadlock, which pairs with the one in scheduler::join_begins.
    return waiting.load(base::relaxed) != 0;
}

void join_watch::leave() noexcept {
    if (!listed_) return;
    const std::lock_guard guard{mutex};
    waits().erase(*this);
    waiting.fetch_sub(1, base::relaxed);  // Relaxed: see any.
    listed_ = false;
}

void join_watch::look(context& cx) {
    bool asked = false;
    bool begins = false;
    const thread_state& here = this_thread();
    {
        const std::lock_guard guard{mutex};
        works_in_ = here.works_in;
        // Its timers may be those of futures that tasks wait for.
        only_waits_ = here.worker == nullptr && (here.timers == nullptr || here.timers->next_deadline() == base::never);
        waker_ = cx.borrow();
        asked = std::exchange(asked_, false);
        begins = !std::exchange(listed_, true);
        if (begins) {
            waits().push_back(*this);
            waiting.fetch_add(1, base::relaxed);  // Relaxed: see any.
        }
    }
    // Without the mutex from here on: the look for a deadlock takes it to count the waits.
    if (!asked && !begins) return;
    std::optional<sched::scheduler::visit> inside;
    sched::scheduler* const runtime = sched::scheduler::enter(task_->state_.owner(), inside);
    if (runtime == nullptr) return;
    if (begins) return runtime->join_begins();
    std::vector<task_description> tasks = runtime->find_deadlock(max_described, *this);
    if (!tasks.empty()) throw deadlock_error{std::move(tasks), runtime->live()};
}

bool join_watch::ask(std::uint32_t owner) noexcept {
    const std::lock_guard guard{mutex};
    bool found = false;
    for_each_of(owner, [&found](join_watch& one, std::uint32_t of) noexcept {
        if (one.task_->state_.owner() != of) return;
        one.asked_ = found = true;
        wake_batch batch;  // Wakes before the lock is free: behind it the thread may be gone.
        batch.claim(one.waker_);
    });
    return found;
}

std::size_t join_watch::count(std::uint32_t owner, const parker* lent) noexcept {
    const std::lock_guard guard{mutex};
    std::size_t found = 0;
    bool goes_on = false;
    for_each_of(owner, [&](join_watch& one, std::uint32_t of) noexcept {
        if (one.task_->state_.owner() != of) return;
        ++found;
        const bool works = one.works_in_ != nullptr && one.works_in_ != lent;
        // One thread that may still wake a task, or whose wait is over, is enough for the look to be in vain.
        goes_on = goes_on || works || !one.only_waits_ || one.task_->state_.is_complete();
    });
    return goes_on ? 0 : found;
}

}  // namespace detail

namespace {

std::string sentence(const std::vector<task_description>& tasks, std::uint64_t alive) {
    std::string text =
        "all tasks wait, and nothing is left that could wake one; they are " + std::to_string(alive) + ":";
    for (const task_description& one : tasks) text.append("\n  ").append(to_string(one));
    if (tasks.size() < alive) text += "\n  and " + std::to_string(alive - tasks.size()) + " more";
    return text;
}

}  // namespace

deadlock_error::deadlock_error(std::vector<task_description> tasks, std::uint64_t alive)
    : std::runtime_error{sentence(tasks, alive)}, tasks_{std::move(tasks)}, alive_{alive} {}

}  // namespace bifilar
