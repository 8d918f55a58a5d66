// The format of chrome://tracing, which Perfetto reads: process 1 has a thread for each worker, process 2 tracks of
// tasks and spans. Thread 0 would be taken for a thread without a number, so workers count from 1 there.
#include <bifilar/runtime/trace.hpp>

#include "json_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

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
            if (one.what == trace_event::kind::first_poll)
                names_[one.task] = !one.text.empty() ? one.text : std::string{one.model};
            else if (one.what == trace_event::kind::poll)
                turns_[one.task].push_back(at);
        }
        to_.begin('{');
        to_.key("traceEvents");
        to_.begin('[');
        name_process(workers_process, "workers");
        name_process(tasks_process, "tasks");
        for (std::uint32_t index = 0; index < workers; ++index) name_thread(index);
    }

    // What lies in another comes behind it.
    void add_workers() {
        std::vector<const trace_event*> order;
        for (const trace_event& one : events_)
            if (one.what == trace_event::kind::poll || one.what == trace_event::kind::sleep) order.push_back(&one);
        std::ranges::sort(order, [](const trace_event* one, const trace_event* other) {
            return one->from != other->from ? one->from < other->from : one->to > other->to;
        });
        for (const trace_event* const one : order) {
            const bool turn = one->what == trace_event::kind::poll;
            add_slice(turn ? title_of(one->task) : "asleep", *one);
            if (turn) add_arrow(*one);
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
    std::string name_of(std::uint64_t task) const {
        const auto found = names_.find(task);
        return found != names_.end() && !found->second.empty() ? found->second : "task";
    }
    std::string title_of(std::uint64_t task) const { return name_of(task) + " #" + std::to_string(task); }

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
    void add_worker(std::uint32_t index) {
        to_.key("tid");
        to_.value(std::uint64_t{index} + 1);
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
        add_worker(worker);
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
        add_worker(one.worker);
        add_moment(one.from);
        to_.key("dur");
        to_.microseconds((one.to - one.from).count());
        if (one.task != 0) {
            to_.key("args");
            to_.begin('{');
            to_.key("task");
            to_.value(one.task);
            if (one.woken_by != 0) {
                to_.key("woken_by");
                to_.value(title_of(one.woken_by));
            }
            to_.key("ready_us");
            to_.microseconds((one.from - std::min(one.woken, one.from)).count());
            to_.end('}');
        }
        to_.end('}');
    }

    // From the turn in which the other task has woken this one.
    void add_arrow(const trace_event& one) {
        const trace_event* const waker = turn_at(one.woken_by, one.woken);
        if (waker == nullptr) return;
        ++arrows_;
        add_end_of_arrow("s", waker->worker, std::min(one.woken, waker->to));
        add_end_of_arrow("f", one.worker, one.from);
    }
    void add_end_of_arrow(std::string_view phase, std::uint32_t worker, std::chrono::nanoseconds moment) {
        begin_event(phase, "wake", workers_process);
        add_category("wake");
        to_.key("id");
        to_.value(arrows_);
        to_.key("bp");
        to_.value(std::string_view{"e"});
        add_worker(worker);
        add_moment(moment);
        to_.end('}');
    }
    // The last one also when it is over: its end wakes who has joined the task.
    const trace_event* turn_at(std::uint64_t task, std::chrono::nanoseconds moment) const {
        const auto found = turns_.find(task);
        if (found == turns_.end()) return nullptr;
        const std::vector<std::size_t>& turns = found->second;
        const auto at = std::ranges::lower_bound(turns, moment, {}, [this](std::size_t n) { return events_[n].to; });
        const trace_event& turn = events_[at != turns.end() ? *at : turns.back()];
        return turn.from <= moment && (at != turns.end() || turn.last) ? &turn : nullptr;
    }

    void add_task(std::uint64_t task, const std::vector<std::size_t>& own) {
        std::chrono::nanoseconds from = events_[own.front()].from;
        std::chrono::nanoseconds to = events_[own.back()].to;
        bool ended = false;
        for (const std::size_t at : own) {
            from = std::min(from, events_[at].from);
            ended = ended || events_[at].last;
        }
        const edge whole{"task", std::to_string(task), task};
        const std::string name = name_of(task);
        add_edge("b", name, whole, from);
        for (const std::size_t at : own) {
            const trace_event& one = events_[at];
            if (one.what == trace_event::kind::poll) {
                if (one.woken >= from && one.woken < one.from) add_part("ready", whole, one.woken, one.from);
                add_part("runs", whole, one.from, one.to);
            } else if (one.what == trace_event::kind::span) {
                // A track of its own: it begins within one turn and ends within another.
                add_part(one.text, {"span", "span " + std::to_string(at), task}, one.from, one.to);
            }
        }
        if (ended) add_edge("e", name, whole, to);
    }

    // What is between two events of one category and id.
    struct edge {
        std::string_view category;
        std::string id;
        std::uint64_t task;
    };
    void add_part(std::string_view name, const edge& of, std::chrono::nanoseconds from, std::chrono::nanoseconds to) {
        add_edge("b", name, of, from);
        add_edge("e", name, of, to);
    }
    void add_edge(std::string_view phase, std::string_view name, const edge& of, std::chrono::nanoseconds moment) {
        begin_event(phase, name, tasks_process);
        add_category(of.category);
        to_.key("id2");
        to_.begin('{');
        to_.key("local");
        to_.value(std::string_view{of.id});
        to_.end('}');
        add_moment(moment);
        to_.key("args");
        to_.begin('{');
        to_.key("task");
        to_.value(of.task);
        to_.end('}');
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
    made.add_workers();
    made.add_tasks();
    return std::move(made).take();
}

}  // namespace bifilar
