// A dump for programs. Addresses are text, because a number of JSON may have 53 bits.
#include <bifilar/runtime/dump.hpp>

#include "json_writer.hpp"

#include <string>
#include <string_view>

namespace bifilar {
namespace {

void write(json_writer& to, const wait_fact& fact, const dumped_wait& wait) {
    to.key(fact.name());
    switch (fact.what()) {
        using enum wait_fact::kind;
        case object:
        case task:
            return to.address(fact.value());
        case holder:
            return to.address(wait.on_task);
        case wait_fact::kind::text:
            return to.value(fact.text());
        default:
            return to.value(fact.value());
    }
}

void write(json_writer& to, const dumped_wait& wait) {
    to.begin('{');
    if (!wait.type.empty()) {
        to.key("type");
        to.value(wait.type);
    }
    for (const wait_fact& fact : wait.facts) write(to, fact, wait);
    if (!wait.arms.empty()) {
        to.key(wait.how == task_visitor::arms::any ? "any_of" : "all_of");
        to.begin('[');
        for (const dumped_wait& arm : wait.arms) write(to, arm);
        to.end(']');
    }
    if (!wait.frames.empty()) {
        to.key("frames");
        to.begin('[');
        for (const dumped_frame& frame : wait.frames) {
            to.begin('{');
            to.key("function");
            to.value(std::string_view{frame.function});
            if (!frame.file.empty()) {
                to.key("file");
                to.value(std::string_view{frame.file});
                to.key("line");
                to.value(std::uint64_t{frame.line});
            }
            if (frame.code != 0) {
                to.key("code");
                to.address(frame.code);
            }
            to.end('}');
        }
        to.end(']');
    }
    to.end('}');
}

void write(json_writer& to, const dumped_task& task) {
    constexpr std::string_view states[] = {"parked", "ready", "running"};
    to.begin('{');
    to.key("address");
    to.address(task.address);
    if (!task.name.empty()) {
        to.key("name");
        to.value(std::string_view{task.name});
        to.key("spawned_at");
        to.value(std::string_view{task.spawned_at.file_name() + (":" + std::to_string(task.spawned_at.line()))});
    }
    to.key("model");
    to.value(task.model);
    to.key("state");
    to.value(states[static_cast<std::size_t>(task.now)]);
    if (task.now == dumped_task::state::running) {
        to.key("worker");
        to.value(std::uint64_t{task.worker});
    }
    if (task.cancelling) {
        to.key("cancelling");
        to.value(true);
    }
    if (task.stack_bytes != 0) {
        to.key("stack_used");
        to.value(std::uint64_t{task.stack_used});
        to.key("stack_bytes");
        to.value(std::uint64_t{task.stack_bytes});
    }
    if (task.number != 0) {
        const auto add = [&to](std::string_view name, std::uint64_t value) {
            to.key(name);
            to.value(value);
        };
        add("number", task.number);
        if (task.parent != 0) add("parent", task.parent);
        add("age_ns", static_cast<std::uint64_t>(task.age.count()));
        add("since_ns", static_cast<std::uint64_t>(task.since.count()));
        add("polls", task.polls);
        add("busy_ns", static_cast<std::uint64_t>(task.busy.count()));
        add("longest_ns", static_cast<std::uint64_t>(task.longest.count()));
    }
    to.key("waits");
    write(to, task.waits);
    to.end('}');
}

}  // namespace

std::string runtime_dump::json() const {
    json_writer to;
    to.begin('{');
    to.key("workers");
    to.value(std::uint64_t{workers_});
    to.key("taken_at_ns");
    to.value(static_cast<std::uint64_t>(taken_at_ns_));
    to.key("pauses");
    to.value(std::uint64_t{pauses_});
    to.key("longest_pause_ns");
    to.value(static_cast<std::uint64_t>(longest_pause_.count()));
    if (!problem_.empty()) {
        to.key("problem");
        to.value(std::string_view{problem_});
    }
    to.key("tasks");
    to.begin('[');
    for (const dumped_task& task : tasks_) write(to, task);
    to.end(']');
    to.key("deadlocks");
    to.begin('[');
    for (const dumped_deadlock& deadlock : deadlocks_) {
        to.begin('{');
        to.key("certain");
        to.value(deadlock.certain);
        to.key("tasks");
        to.begin('[');
        for (const std::size_t at : deadlock.tasks) to.address(tasks_[at].address);
        to.end(']');
        to.end('}');
    }
    to.end(']');
    to.end('}');
    return std::move(to).take();
}

}  // namespace bifilar
