// The pairing heap of timer_queue. Merging is iterative: a million timers may hang under one node.
#include <bifilar/time/timer_queue.hpp>

#include <bifilar/core/thread_state.hpp>

#include <mutex>
#include <utility>

namespace bifilar {

timer_queue::~timer_queue() {
    BIFILAR_CHECK(root_ == nullptr, "a thread ended while timers of its futures still wait; destroy the futures first");
}

void timer_queue::insert(timer_node& node, base::instant_ns deadline, context& cx) noexcept {
    node.waker_ = cx.borrow();
    node.deadline_ = deadline;
    const std::lock_guard guard{lock_};
    // Relaxed: published by the lock; `waiting` alone tells nobody anything.
    node.place_.store(timer_node::place::waiting, base::relaxed);
    set_root(merge(root_, &node));
}

bool timer_queue::renew(timer_node& node, context& cx) noexcept {
    const waker_ref mine = cx.borrow();
    const std::lock_guard guard{lock_};
    // Relaxed: under the lock.
    if (node.where(base::relaxed) != timer_node::place::waiting) return false;
    node.waker_ = mine;
    return true;
}

bool timer_queue::remove(timer_node& node) noexcept {
    // `fired` is final, and the queue may be gone with its thread by then. A fresh node was never shared.
    const timer_node::place at = node.where();
    if (at != timer_node::place::waiting) return at == timer_node::place::fired;
    const std::lock_guard guard{lock_};
    if (node.where(base::relaxed) == timer_node::place::fired) return true;  // Relaxed: under the lock.
    detach(node);
    node.place_.store(timer_node::place::fresh, base::relaxed);  // Relaxed: the caller itself reads it next.
    return false;
}

base::instant_ns timer_queue::next_deadline() noexcept {
    // Relaxed: see earliest_.
    return earliest_.load(base::relaxed);
}

void timer_queue::fire(base::instant_ns now) noexcept {
    for (bool more = true; more;) {
        wake_batch batch;  // Outlives the guard: the lock is free when the wakes go out.
        const std::lock_guard guard{lock_};
        for (int count = 0; count < wakes_per_hold && more; ++count) {
            more = root_ != nullptr && root_->deadline_ <= now;
            if (!more) break;
            timer_node& due = *root_;
            detach(due);
            batch.claim(due.waker_);
            // Pairs with where; the claim comes first, because the owner may end as soon as it sees this.
            due.place_.store(timer_node::place::fired, base::release);
        }
    }
}

timer_node* timer_queue::merge(timer_node* a, timer_node* b) noexcept {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    if (b->deadline_ < a->deadline_) std::swap(a, b);
    b->before_ = a;
    b->sibling_ = a->child_;
    if (a->child_ != nullptr) a->child_->before_ = b;
    a->child_ = b;
    return a;
}

// First pass: pairs from left to right, collected in reverse. Second pass: all into one.
timer_node* timer_queue::merge_children(timer_node* first) noexcept {
    timer_node* pairs = nullptr;
    while (first != nullptr) {
        timer_node* const a = first;
        timer_node* const b = a->sibling_;
        first = b != nullptr ? b->sibling_ : nullptr;
        cut(*a);
        if (b != nullptr) cut(*b);
        timer_node* const pair = merge(a, b);
        pair->sibling_ = pairs;
        pairs = pair;
    }
    timer_node* all = nullptr;
    while (pairs != nullptr) {
        timer_node* const pair = std::exchange(pairs, pairs->sibling_);
        pair->sibling_ = nullptr;
        all = merge(all, pair);
    }
    return all;
}

void timer_queue::cut(timer_node& node) noexcept { node.sibling_ = node.before_ = nullptr; }

void timer_queue::detach(timer_node& node) noexcept {
    timer_node* const below = merge_children(std::exchange(node.child_, nullptr));
    if (&node == root_) {
        set_root(below);
        return;
    }
    if (node.before_->child_ == &node)
        node.before_->child_ = node.sibling_;
    else
        node.before_->sibling_ = node.sibling_;
    if (node.sibling_ != nullptr) node.sibling_->before_ = node.before_;
    cut(node);
    set_root(merge(root_, below));
}

void timer_queue::set_root(timer_node* root) noexcept {
    root_ = root;
    // Relaxed: see earliest_.
    earliest_.store(root != nullptr ? root->deadline_ : base::never, base::relaxed);
}

namespace {

// A plain thread's timers. Uninstalled before they go.
class plain_thread_timers {
public:
    plain_thread_timers() noexcept { this_thread().timers = &queue_; }
    plain_thread_timers(const plain_thread_timers&) = delete;
    plain_thread_timers& operator=(const plain_thread_timers&) = delete;
    ~plain_thread_timers() {
        this_thread().timers = nullptr;
        this_thread().ends = true;
    }

    timer_queue& queue() noexcept { return queue_; }

private:
    timer_queue queue_;
};

}  // namespace

timer_queue& this_thread_timers() {
    if (timer_source* const installed = this_thread().timers) return static_cast<timer_queue&>(*installed);
    if (this_thread().ends) return (new plain_thread_timers)->queue();
    thread_local plain_thread_timers own;
    return own.queue();
}

}  // namespace bifilar
