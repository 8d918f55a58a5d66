// The workers' rings become one list; and the program's own spans.
#include "trace/collect.hpp"

#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/task_record.hpp>
#include <bifilar/sched/detail/trace_ring.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace bifilar {
namespace {

using sched::trace_record;

// Of the thread that calls; null: nobody has asked for its events.
sched::trace_ring* ring_here() noexcept {
    const sched::worker* const here = detail::this_thread().worker;
    return here != nullptr ? here->trace() : nullptr;
}

std::string_view model_of(char letter) noexcept {
    for (const sched::trace_model& known : sched::trace_models)
        if (known.letter == letter) return known.name;
    return {};
}

trace_event event_of(const trace_record& from, std::uint32_t worker) {
    trace_event made;
    switch (from.what) {
        using enum trace_record::kind;
        case begin:
            made.what = trace_event::kind::first_poll;
            break;
        case turn:
        case last:
            made.what = trace_event::kind::poll;
            made.woken = std::chrono::nanoseconds{from.woken_ns()};
            break;
        case sleep:
            made.what = trace_event::kind::sleep;
            break;
        case span:
            made.what = trace_event::kind::span;
            break;
    }
    made.worker = worker;
    made.last = from.what == trace_record::kind::last;
    made.from = std::chrono::nanoseconds{from.from_ns};
    made.to = std::chrono::nanoseconds{from.to_ns};
    made.task = from.task;
    (from.what == trace_record::kind::begin ? made.parent : made.woken_by) = from.other;
    made.model = model_of(from.model);
    made.text = from.text();
    return made;
}

}  // namespace

runtime_trace trace::collect(const sched::scheduler& of) {
    std::vector<std::vector<trace_record>> records(of.workers());
    std::size_t count = 0;
    for (std::uint32_t index = 0; index < of.workers(); ++index) {
        if (const sched::trace_ring* const ring = of.worker_at(index).trace()) ring->read(records[index]);
        count += records[index].size();
    }
    std::vector<trace_event> events;
    events.reserve(count);
    for (std::uint32_t index = 0; index < of.workers(); ++index)
        for (const trace_record& one : records[index]) events.push_back(event_of(one, index));
    std::ranges::sort(events, {}, [](const trace_event& one) { return std::tuple{one.to, one.worker, one.from}; });
    return {std::move(events), of.workers()};
}

trace_span::trace_span(const char* name) noexcept : name_{ring_here() != nullptr ? name : nullptr} {
    if (name_ != nullptr) from_ns_ = base::now_ns();
}

// Maybe on another worker than where it began.
trace_span::~trace_span() {
    if (name_ == nullptr) return;
    sched::trace_ring* const ring = ring_here();
    if (ring == nullptr) return;
    trace_record event;
    event.what = trace_record::kind::span;
    event.from_ns = from_ns_;
    event.to_ns = base::now_ns();
    event.task = sched::task_record::running();
    event.set_text(name_);
    ring->add(event);
}

}  // namespace bifilar
