// The format of chrome://tracing, which Perfetto reads: process 1 has a thread for each worker, process 2 a track for
// each task.
#include <bifilar/runtime/trace.hpp>

#include "json_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>

namespace bifilar {
namespace {

constexpr std::uint64_t workers_process = 1;
constexpr std::uint64_t tasks_process = 2;

class chrome_trace {
public:
    chrome_trace(std::span<const trace_event> events, std::uint32_t workers) : events_{events} {
        for (const trace_event& one : events) begin_ = std::min(begin_, one.from);
        for (std::size_t at = 0; at < events.size(); ++at) {
            const trace_event& one = events[at];
            if (one.what == trace_event::kind::first)
                names_[one.task] = title(one);
            else if (one.what == trace_event::kind::turn)
                turns_[one.task].push_back(at);
        }
        to_.begin('{');
        to_.key("displayTimeUnit");
        to_.value(std::string_view{"ns"});
        to_.key("traceEvents");
        to_.begin('[');
        name_process(workers_process, "workers");
        name_process(tasks_process, "tasks");
        for (std::uint32_t index = 0; index < workers; ++index) name_thread(index);
    }

    void add(const trace_event& one) {
        switch (one.what) {
            using enum trace_event::kind;
            case first:
                return;  // With the task's turns.
            case turn:
                add_slice(name_of(one.task), one);
                return add_arrow(one);
            case sleep:
                return add_slice("asleep", one);
            case span:
                if (one.task == 0) add_slice(one.text, one);
                return;  // Else on the task's track.
        }
    }

    // Their tracks: from the spawn, or what is left, to the end.
    void add_tasks() {
        std::map<std::uint64_t, std::vector<std::size_t>> tasks;
        for (std::size_t at = 0; at < events_.size(); ++at)
            if (events_[at].task != 0) tasks[events_[at].task].push_back(at);
        for (const auto& [task, own] : tasks) add_task(task, own);
    }

    [[nodiscard]] std::string take() && {
        to_.end(']');
        to_.end('}');
        return std::move(to_).take();
    }

private:
    static std::string title(const trace_event& first) {
        const std::string number = "#" + std::to_string(first.task);
        if (!first.text.empty()) return first.text + " " + number;
        return (first.model.empty() ? std::string{"task"} : std::string{first.model}) + " " + number;
    }

    std::string name_of(std::uint64_t task) const {
        const auto found = names_.find(task);
        return found != names_.end() ? found->second : "task #" + std::to_string(task);
    }

    void begin_event(std::string_view phase, std::string_view name, std::uint64_t process) {
        to_.begin('{');
        to_.key("ph");
        to_.value(phase);
        to_.key("name");
        to_.value(name);
        to_.key("pid");
        to_.value(process);
    }
    void add_moment(std::chrono::nanoseconds moment) {
        to_.key("ts");
        to_.microseconds((moment - begin_).count());
    }
    void add_thread(std::uint64_t thread) {
        to_.key("tid");
        to_.value(thread);
    }
    void add_category(std::string_view name) {
        to_.key("cat");
        to_.value(name);
    }

    void name_process(std::uint64_t process, std::string_view name) {
        begin_event("M", "process_name", process);
        name_it(name);
    }
    void name_thread(std::uint32_t worker) {
        begin_event("M", "thread_name", workers_process);
        add_thread(worker);
        name_it("worker " + std::to_string(worker));
    }
    void name_it(std::string_view name) {
        to_.key("args");
        to_.begin('{');
        to_.key("name");
        to_.value(name);
        to_.end('}');
        to_.end('}');
    }

    void add_slice(std::string_view name, const trace_event& one) {
        begin_event("X", name, workers_process);
        add_thread(one.worker);
        add_moment(one.from);
        to_.key("dur");
        to_.microseconds((one.to - one.from).count());
        if (one.task != 0) {
            to_.key("args");
            to_.begin('{');
            to_.key("task");
            to_.value(one.task);
            if (one.other != 0) {
                to_.key("woken_by");
                to_.value(name_of(one.other));
            }
            to_.key("ready_us");
            to_.microseconds((one.from - std::min(one.woken, one.from)).count());
            to_.end('}');
        }
        to_.end('}');
    }

    // From the turn in which the other task has woken this one.
    void add_arrow(const trace_event& one) {
        const trace_event* const waker = turn_at(one.other, one.woken);
        if (waker == nullptr) return;
        ++arrows_;
        add_end_of_arrow("s", waker->worker, one.woken);
        add_end_of_arrow("f", one.worker, one.from);
    }
    void add_end_of_arrow(std::string_view phase, std::uint32_t worker, std::chrono::nanoseconds moment) {
        begin_event(phase, "wake", workers_process);
        add_category("wake");
        to_.key("id");
        to_.value(arrows_);
        to_.key("bp");
        to_.value(std::string_view{"e"});
        add_thread(worker);
        add_moment(moment);
        to_.end('}');
    }
    const trace_event* turn_at(std::uint64_t task, std::chrono::nanoseconds moment) const {
        const auto found = turns_.find(task);
        if (found == turns_.end()) return nullptr;
        const std::vector<std::size_t>& turns = found->second;
        const auto at = std::ranges::lower_bound(turns, moment, {}, [this](std::size_t n) { return events_[n].to; });
        return at != turns.end() && events_[*at].from <= moment ? &events_[*at] : nullptr;
    }

    void add_task(std::uint64_t task, const std::vector<std::size_t>& own) {
        std::chrono::nanoseconds from = events_[own.front()].from;
        for (const std::size_t at : own) from = std::min(from, events_[at].from);
        const std::string name = name_of(task);
        add_edge("b", name, task, from);
        for (const std::size_t at : own) {
            const trace_event& one = events_[at];
            if (one.what == trace_event::kind::first) continue;
            if (one.what == trace_event::kind::span) {
                add_part(one.text, task, one.from, one.to);
                continue;
            }
            if (one.woken >= from && one.woken < one.from) add_part("ready", task, one.woken, one.from);
            add_part("runs", task, one.from, one.to);
        }
        const trace_event& last = events_[own.back()];
        if (last.last) add_edge("e", name, task, last.to);
    }
    void add_part(std::string_view name, std::uint64_t task, std::chrono::nanoseconds from,
                  std::chrono::nanoseconds to) {
        add_edge("b", name, task, from);
        add_edge("e", name, task, to);
    }
    void add_edge(std::string_view phase, std::string_view name, std::uint64_t task, std::chrono::nanoseconds moment) {
        begin_event(phase, name, tasks_process);
        add_category("task");
        to_.key("id");
        to_.value(task);
        add_thread(0);
        add_moment(moment);
        to_.end('}');
    }

    std::span<const trace_event> events_;
    std::chrono::nanoseconds begin_ = std::chrono::nanoseconds::max();
    std::unordered_map<std::uint64_t, std::string> names_;
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> turns_;  // Of each task, in their order.
    std::uint64_t arrows_ = 0;
    json_writer to_;
};

}  // namespace

std::string runtime_trace::chrome_json() const {
    chrome_trace made{events_, workers_};
    for (const trace_event& one : events_) made.add(one);
    made.add_tasks();
    return std::move(made).take();
}

}  // namespace bifilar
