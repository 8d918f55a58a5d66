// What threads see: operations, store buffers, gates, pauses, and the vector clocks that find data races.
// The hooks of include/model end here. Happens-before as in C++20 [intro.races], for acquire, release and fences;
// seq_cst operations synchronise like acq_rel ones.
#include "execution.hpp"

#include <cstring>

namespace model {

vector_clock& location_table::at(const void* address) noexcept {
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    for (std::size_t probe = (number * 0x9e3779b97f4a7c15U) >> 20U;; ++probe) {
        slot& here = slots_[probe % slot_count];
        if (here.generation == generation_ && here.address == address) return here.released;
        if (here.generation == generation_) continue;
        here = {address, generation_, {}};
        return here.released;
    }
}

namespace {

bool acquires(std::memory_order order) noexcept {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst || order == std::memory_order_consume;
}

bool releases(std::memory_order order) noexcept {
    return order == std::memory_order_release || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

const char* name_of_access(access what) noexcept {
    switch (what) {
        case access::load:
            return "load";
        case access::store:
            return "store";
        case access::exchange:
            return "exchange";
        case access::compare_exchange:
            return "compare_exchange";
        case access::fetch:
            return "fetch";
        case access::fence:
            return "fence";
        case access::pause:
            return "pause";
        case access::gate_wait:
            return "gate wait";
        case access::gate_open:
            return "gate open";
    }
    return "?";
}

}  // namespace

void execution::before(bool reads_only) {
    point();
    if (!reads_only) return drain();
    // x86 keeps a store back behind later loads for as long as it likes.
    while (!self().buffer.empty() && choose(2) == 1) flush_oldest();
}

void execution::after(const detail::effect& done) {
    if (done.reads) {
        auto& reads = self().reads;
        const bool known = std::any_of(reads.begin(), reads.end(), [&](auto& r) { return r.address == done.address; });
        if (!known) reads.push_back({done.address, steps_});
    }
    if (done.changed) changed(done.address, steps_);
    synchronise(done);
    if (traced_) {
        const bool failed = done.what == access::compare_exchange && !done.writes;
        trace(name_of_access(done.what), done.address, done.value, failed ? "(failed)" : "");
    }
}

// Whoever spins on this address may look again.
void execution::changed(const void* address, std::uint64_t step) {
    idle_rounds_ = 0;
    self().changed_something = true;
    writes_.push_back({address, running_, step});
    for (model_thread* thread : threads_) {
        if (thread->condition != thread_condition::spinning) continue;
        for (const auto& read : thread->reads)
            if (read.address == address) thread->condition = thread_condition::ready;
    }
}

vector_clock execution::released_by(std::memory_order order, const vector_clock& there, bool keeps) noexcept {
    // A read-modify-write continues the release sequence that it found; a plain store starts anew.
    vector_clock offered = keeps ? there : vector_clock{};
    offered.join(self().fenced);
    if (releases(order)) {
        offered.join(self().clock);
        ++self().clock.at[static_cast<std::size_t>(running_)];
    }
    return offered;
}

void execution::synchronise(const detail::effect& done) {
    vector_clock& there = locations_.at(done.address);
    if (done.reads) (acquires(done.order) ? self().clock : self().unacquired).join(there);
    if (done.writes) there = released_by(done.order, there, done.reads);
}

void execution::fence() {
    before(false);
    model_thread& me = self();
    me.clock.join(me.unacquired);
    me.fenced = me.clock;
    ++me.clock.at[static_cast<std::size_t>(running_)];
    if (traced_) trace("fence", nullptr, 0, "");
}

bool execution::delay_store(void* address, const void* bytes, std::size_t size, std::memory_order order) {
    model_thread& me = self();
    if (order == std::memory_order_seq_cst || size > sizeof(delayed_store::bytes)) {
        drain();
        return false;
    }
    if (me.buffer.empty()) {
        if (delays_left_ == 0 || choose(2) == 0) return false;
        --delays_left_;
    }
    // Behind a delayed store every store waits: the buffer is first in, first out.
    delayed_store kept{address, {}, size, released_by(order, {}, false)};
    std::memcpy(kept.bytes.data(), bytes, size);
    me.buffer.push_back(kept);
    if (traced_) {
        std::uint64_t value = 0;
        std::memcpy(&value, bytes, std::min(size, sizeof(value)));
        trace("store", address, value, "(delayed)");
    }
    return true;
}

void execution::forward_own_store(const void* address, void* bytes, std::size_t size) noexcept {
    for (const delayed_store& kept : self().buffer)
        if (kept.address == address) std::memcpy(bytes, kept.bytes.data(), std::min(size, kept.size));
}

void execution::flush_oldest() {
    model_thread& me = self();
    const delayed_store kept = me.buffer.front();
    me.buffer.erase(me.buffer.begin());
    const bool differs = std::memcmp(kept.address, kept.bytes.data(), kept.size) != 0;
    std::memcpy(kept.address, kept.bytes.data(), kept.size);
    locations_.at(kept.address) = kept.released;
    if (traced_) trace("flush", kept.address, 0, "");
    if (differs) changed(kept.address, steps_);
}

void execution::drain() {
    while (!self().buffer.empty()) flush_oldest();
}

// Before waiting or ending: the delayed stores arrive, perhaps after something that another thread does.
void execution::settle() {
    if (self().buffer.empty()) return;
    point();
    drain();
}

void execution::pause() {
    settle();
    model_thread& me = self();
    const bool news =
        me.changed_something || me.reads.empty() ||
        std::any_of(writes_.begin(), writes_.end(), [&](const logged_write& write) {
            return write.thread != running_ && std::any_of(me.reads.begin(), me.reads.end(), [&](const auto& read) {
                       return read.address == write.address && write.step > read.step;
                   });
        });
    if (traced_) trace("pause", nullptr, 0, "");
    if (news)
        me.yields = true;
    else
        me.condition = thread_condition::spinning;
    switch_away();
    me.yields = false;
    me.reads.clear();
    me.changed_something = false;
}

bool execution::gate_wait(bool& open, bool timed) {
    settle();
    model_thread& me = self();
    // The time may run out now or later; "later" also ends when nobody else can run.
    const bool soon = timed && choose(2) == 1;
    if (open || soon) {
        me.yields = soon;
        switch_away();
        me.yields = false;
    }
    if (!open && !soon) {
        me.condition = thread_condition::in_gate;
        me.timed = timed;
        me.gate = &open;
        switch_away();
        me.timed = false;
        me.gate = nullptr;
    }
    const bool was_open = open;
    open = false;
    if (was_open) me.clock.join(locations_.at(&open));
    if (traced_) trace("gate wait", &open, was_open ? 1 : 0, was_open ? "" : "(time ran out)");
    return was_open;
}

void execution::gate_open(bool& open) {
    before(false);
    open = true;
    vector_clock& there = locations_.at(&open);
    there = released_by(std::memory_order_release, there, true);
    for (model_thread* thread : threads_)
        if (thread->condition == thread_condition::in_gate && thread->gate == &open)
            thread->condition = thread_condition::ready;
    idle_rounds_ = 0;
    if (traced_) trace("gate open", &open, 1, "");
}

void execution::plain_read(detail::plain_history& history, const char* name) {
    const auto me = static_cast<std::size_t>(running_);
    for (std::size_t i = 0; i < max_threads; ++i)
        if (i != me && history.written[i] > self().clock.at[i])
            return fail(std::string("data race: ") + name + " is read by " + self().name +
                        ", unordered with the write of " + threads_[i]->name);
    history.read[me] = self().clock.at[me];
    if (traced_) trace("plain read", nullptr, 0, name);
}

void execution::plain_write(detail::plain_history& history, const char* name) {
    const auto me = static_cast<std::size_t>(running_);
    for (std::size_t i = 0; i < max_threads; ++i)
        if (i != me && std::max(history.written[i], history.read[i]) > self().clock.at[i])
            return fail(std::string("data race: ") + name + " is written by " + self().name +
                        ", unordered with an access of " + threads_[i]->name);
    history.written[me] = self().clock.at[me];
    if (traced_) trace("plain write", nullptr, 0, name);
}

}  // namespace model
