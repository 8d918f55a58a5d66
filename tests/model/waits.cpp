// Fences, pauses and gates.
// Builds on memory. A heavy fence is Linux's membarrier: a full fence of the caller's, and one in every other thread of
// the process wherever it is. There the compiler may have moved operations past that place, up to a light fence.
#include "execution.hpp"

#include <algorithm>

namespace model {

void execution::fence(std::memory_order order) {
    point();
    (void)memory_.step(thread_index());
    (void)memory_.fence(thread_index(), order);
    self().history.add(static_cast<std::uint64_t>(access::fence));
    if (traced_) trace("fence", nullptr, 0, "");
}

void execution::heavy_fence() {
    point();
    const std::size_t me = thread_index();
    const event begin = memory_.step(me);
    memory_.heavy_fence(me);
    for (model_thread* const each : threads_) {
        // That it was there, at this place of the other's history, is a fact that no later operation tells.
        each->history.add(static_cast<std::uint64_t>(access::heavy_fence));
        each->history.add(me);
        each->history.add(begin.stamp);
    }
    if (traced_) trace("heavy fence", nullptr, 0, "(in every thread)");
}

// No choice point: it comes right behind its thread's last operation.
void execution::light_fence() {
    memory_.light_fence(thread_index());
    self().history.add(static_cast<std::uint64_t>(access::light_fence));
    if (traced_) trace("light fence", nullptr, 0, "");
}

// Whether something that the thread has read since its last pause has another value now.
bool execution::has_news(const model_thread& reader) const noexcept {
    return std::any_of(reader.reads.begin(), reader.reads.end(), [](const auto& read) {
        return !read.from->gone && !read.from->order.empty() && read.from->order.back().bytes != read.bytes;
    });
}

// Something has another value now: whoever spins on it may look again.
void execution::changed() {
    idle_rounds_ = 0;
    for (model_thread* thread : threads_)
        if (thread->condition == thread_condition::spinning && has_news(*thread))
            thread->condition = thread_condition::ready;
}

void execution::pause() {
    model_thread& me = self();
    me.history.add(static_cast<std::uint64_t>(access::pause));
    // Only what was read: a pause makes no store of any other location visible, and no order of such stores matters.
    for (const auto& read : me.reads) {
        if (read.from->gone || read.from->order.empty()) continue;
        memory_.see_newest(*read.from, thread_index());
        me.history.add(static_cast<std::uint64_t>(read.from->order.back().by.thread));
        me.history.add(read.from->order.back().by.stamp);
    }
    if (traced_) trace("pause", nullptr, 0, "");
    if (me.changed_something || me.reads.empty() || has_news(me))
        me.yields = true;
    else
        me.condition = thread_condition::spinning;
    switch_away();
    me.yields = false;
    me.fresh = true;
    me.reads.clear();
    me.changed_something = false;
}

// A switch is free, and the thread stays one that can run.
void execution::short_wait() {
    self().history.add(static_cast<std::uint64_t>(access::pause));
    if (traced_) trace("short wait", nullptr, 0, "");
    self().yields = true;
    switch_away();
    self().yields = false;
    self().fresh = true;
}

std::int64_t execution::now_ns() {
    if (!quiet_) self().history.add(static_cast<std::uint64_t>(now_ns_));
    return now_ns_;
}

std::int64_t execution::moment_after(std::int64_t ns) const noexcept {
    return ns < no_limit - now_ns_ ? now_ns_ + ns : no_limit;
}

bool execution::gate_wait(bool& open, std::int64_t until_ns) {
    model_thread& me = self();
    check_alive(memory_.gate_at(&open), " waits in it");
    // The time may run out now or later; "later" also ends when nobody else can run.
    const bool soon = until_ns < end_of_time && early_times_left_ > 0 && choose(2) == 1;
    if (soon) {
        if (early_times_left_ != unlimited) --early_times_left_;
        now_ns_ = std::max(now_ns_, until_ns);
    }
    if (open || soon) {
        me.yields = soon;
        switch_away();
        me.yields = false;
    }
    if (!open && !soon) {
        me.condition = thread_condition::in_gate;
        me.until_ns = until_ns;
        me.gate = &open;
        switch_away();
        me.gate = nullptr;
    }
    const bool was_open = open;
    open = false;
    location& gate = memory_.gate_at(&open);
    remember(access::gate_wait, gate, {});
    me.history.add(gate.openings);
    if (was_open) memory_.pass_gate(gate, thread_index());
    if (traced_) trace("gate wait", &open, was_open ? 1 : 0, was_open ? "" : "(time ran out)");
    return was_open;
}

void execution::gate_open(bool& open) {
    point();
    location& gate = memory_.gate_at(&open);
    check_alive(gate, " opens it");
    open = true;
    memory_.open_gate(gate, thread_index());
    remember(access::gate_open, gate, {});
    for (model_thread* thread : threads_)
        if (thread->condition == thread_condition::in_gate && thread->gate == &open)
            thread->condition = thread_condition::ready;
    idle_rounds_ = 0;
    if (traced_) trace("gate open", &open, 1, "");
}

}  // namespace model
