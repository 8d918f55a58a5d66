// A dump for people: a thousand tasks that do the same are one paragraph.
#include "frame_text.hpp"

#include <bifilar/runtime/dump.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace bifilar {
namespace {

using dump::hex;
using dump::shortened;

std::string seconds(std::int64_t ns) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(ns) / 1e9);
    return text;
}

// What makes numbers speak.
struct whole {
    std::unordered_map<std::uint64_t, const dumped_task*> tasks;
    std::int64_t taken_at_ns = 0;
};

std::string title(const dumped_task& task) {
    std::string text = "task " + hex(task.address);
    if (task.number != 0) text += " #" + std::to_string(task.number);
    if (!task.name.empty()) text += " \"" + task.name + "\"";
    return text;
}

std::string title(std::uint64_t address, const whole& of) {
    const auto found = of.tasks.find(address);
    return found != of.tasks.end() ? title(*found->second) : "task " + hex(address) + ", which has ended";
}

std::string fact_text(const wait_fact& fact, const dumped_wait& wait, const whole& of) {
    std::string made{fact.name()};
    switch (fact.what()) {
        using enum wait_fact::kind;
        case object:
            return "at " + hex(fact.value());
        case task:
            return title(wait.on_task, of);
        case holder:
            return "held by " + (wait.on_task != 0 ? title(wait.on_task, of) : "nobody that is known");
        case moment:
            return made + " in " + seconds(static_cast<std::int64_t>(fact.value()) - of.taken_at_ns);
        case wait_fact::kind::text:
            return made + " " + std::string{fact.text()};
        default:
            return made + " " + std::to_string(fact.value());
    }
}

// With what is different in each task, if `of` is given.
void add_wait(const dumped_wait& wait, std::string& to, const std::string& indent, const whole* of) {
    if (!wait.type.empty()) {
        to.append(indent).append("waits for ").append(shortened(wait.type));
        if (!wait.arms.empty()) to.append(wait.how == task_visitor::arms::any ? ", one of:" : ", all of:");
        const char* separator = ": ";
        if (of != nullptr)
            for (const wait_fact& fact : wait.facts)
                to.append(std::exchange(separator, ", ")).append(fact_text(fact, wait, *of));
        to += "\n";
    }
    for (const dumped_wait& arm : wait.arms) add_wait(arm, to, indent + "  ", of);
    dump::add_text(wait.frames, to, indent);
}

std::string state_text(const dumped_task& task, bool exact) {
    std::string text{task.model};
    switch (task.now) {
        using enum dumped_task::state;
        case parked:
            text += ", parked";
            break;
        case ready:
            text += ", ready";
            break;
        case running:
            text += exact ? ", runs on worker " + std::to_string(task.worker) : ", runs";
            break;
    }
    return text + (task.cancelling ? ", cancelled" : "");
}

// What the task's record tells.
std::string account(const dumped_task& task) {
    std::string text = "  lives for " + seconds(task.age.count());
    if (task.parent != 0) text += ", spawned by #" + std::to_string(task.parent);
    text += "; has run " + std::to_string(task.polls) + (task.polls == 1 ? " time" : " times");
    return text + ", " + seconds(task.busy.count()) + " in all, " + seconds(task.longest.count()) + " at most\n";
}

std::string describe(const dumped_task& task, const whole& of) {
    std::string text = title(task) + ": " + state_text(task, true);
    if (task.stack_bytes != 0)
        text += ", " + std::to_string(task.stack_used) + " of " + std::to_string(task.stack_bytes) + " bytes of stack";
    if (task.number != 0) text += ", for " + seconds(task.since.count());
    text += "\n";
    if (task.number != 0) text += account(task);
    if (task.spawned_at.line() != 0)
        text.append("  spawned at ")
            .append(task.spawned_at.file_name())
            .append(":")
            .append(std::to_string(task.spawned_at.line()))
            .append("\n");
    add_wait(task.waits, text, "  ", &of);
    return text;
}

}  // namespace

std::string runtime_dump::text(std::size_t max_groups) const {
    whole all;
    all.taken_at_ns = taken_at_ns_;
    for (const dumped_task& task : tasks_) all.tasks[task.address] = &task;
    std::map<std::string, std::vector<std::size_t>> groups;
    for (std::size_t at = 0; at < tasks_.size(); ++at) {
        std::string alike = state_text(tasks_[at], false) + "\n";
        add_wait(tasks_[at].waits, alike, "  ", nullptr);
        groups[std::move(alike)].push_back(at);
    }
    std::vector<const std::pair<const std::string, std::vector<std::size_t>>*> order;
    order.reserve(groups.size());
    for (const auto& group : groups) order.push_back(&group);
    // Of those of one size the first by the alphabet, so that a second dump has them in the same order.
    std::ranges::sort(order, [](const auto* one, const auto* other) {
        const std::size_t left = one->second.size(), right = other->second.size();
        return left != right ? left > right : one->first < other->first;
    });

    std::string made = std::to_string(tasks_.size()) + " tasks on " + std::to_string(workers_) + " workers\n";
    for (std::size_t count = 0; const auto* const group : order) {
        if (count++ == max_groups) {
            made += "\nand " + std::to_string(order.size() - max_groups) + " other groups\n";
            break;
        }
        const std::vector<std::size_t>& tasks = group->second;
        // The one that has been so for longest stands for all; without records the first.
        const std::size_t shown =
            *std::ranges::max_element(tasks, {}, [this](std::size_t at) { return tasks_[at].since; });
        made += "\n";
        if (tasks.size() != 1) made += std::to_string(tasks.size()) + " tasks like this: ";
        made += describe(tasks_[shown], all);
    }
    for (const dumped_deadlock& deadlock : deadlocks_) {
        made += deadlock.certain ? "\ndeadlock: " : "\ndeadlock, it seems: ";
        for (const std::size_t at : deadlock.tasks) made += title(tasks_[at]) + " waits for ";
        made += title(tasks_[deadlock.tasks.front()]) + "\n";
        for (const std::size_t at : deadlock.tasks) made += describe(tasks_[at], all);
    }
    if (!problem_.empty()) made += "\n" + problem_ + "\n";
    return made;
}

}  // namespace bifilar
