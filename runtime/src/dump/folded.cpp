// A dump for flame graphs: stacks on one line each, with their number.
#include "frame_text.hpp"

#include <bifilar/runtime/dump.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <ranges>
#include <string>
#include <string_view>

namespace bifilar {
namespace {

// One part, without what would end it or the line.
void add_part(std::string_view name, std::string& to) {
    to += ';';
    for (const char letter : name) to += letter == ';' || letter == '\n' ? ',' : letter;
}

std::string_view state_of(const dumped_task& task) noexcept {
    switch (task.now) {
        using enum dumped_task::state;
        case parked:
            return "parked";
        case ready:
            return "ready";
        case running:
            break;
    }
    return "running";
}

// What the innermost function waits for: of several, all.
void add_types(const dumped_wait& wait, std::string& to) {
    if (wait.arms.empty() && !wait.type.empty()) to += (to.empty() ? "" : " | ") + dump::shortened(wait.type);
    for (const dumped_wait& arm : wait.arms) add_types(arm, to);
}

std::string stack_of(const dumped_task& task) {
    std::string made{state_of(task)};
    add_part(task.model, made);
    const bool all = std::ranges::all_of(task.waits.frames, dump::is_own);
    for (const dumped_frame& frame : task.waits.frames | std::views::reverse)
        if (all || !dump::is_own(frame))
            add_part(frame.function.empty() ? dump::hex(frame.code) : frame.function, made);
    std::string types;
    add_types(task.waits, types);
    if (!types.empty()) add_part("[" + types + "]", made);
    return made;
}

}  // namespace

std::string runtime_dump::folded() const {
    std::map<std::string, std::size_t> stacks;
    for (const dumped_task& task : tasks_) ++stacks[stack_of(task)];
    std::string made;
    for (const auto& [stack, count] : stacks) made.append(stack).append(" ").append(std::to_string(count)).append("\n");
    return made;
}

}  // namespace bifilar
