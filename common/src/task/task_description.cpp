// The sentence about a task.
#include <bifilar/task/task_description.hpp>

namespace bifilar {

std::string to_string(const task_description& task) {
    std::string text = "task " + (task.name.empty() ? std::string{"without a name"} : task.name);
    if (!task.model.empty()) text.append(" (").append(task.model).append(")");
    if (task.spawned_at.line() != 0)
        text.append(", spawned at ")
            .append(task.spawned_at.file_name())
            .append(":")
            .append(std::to_string(task.spawned_at.line()));
    if (task.parked)
        text.append(", waits on ").append(task.waits_on.empty() ? "something unknown" : task.waits_on);
    else
        text += ", runs or is about to";
    return text;
}

}  // namespace bifilar
