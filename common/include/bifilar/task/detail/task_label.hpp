// Names of tasks, for messages. Kept beside the tasks, by address, so that a task without a name pays nothing.
// A bit of the state word says whether there is one.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>

namespace bifilar::detail {

struct task_header;

/// How a task is to be called, and where that was said; without a name there is no label.
class task_label {
public:
    task_label() noexcept = default;
    /// From anything that is text, so that `options.name = "reader"` notes its own place.
    template <class Text>
        requires std::is_convertible_v<const Text&, std::string_view>
    task_label(const Text& name, std::source_location at = std::source_location::current())
        : name_{std::string_view{name}}, place_{at} {}

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::source_location& place() const noexcept { return place_; }

private:
    std::string name_;
    std::source_location place_;
};

const task_label* keep_label(task_header& task, const task_label& label);
/// Gives a task its label, before it is started, and returns it; it stays until the task is freed. Allocates; throws
/// std::bad_alloc. Null, or without a name: does nothing and returns null.
inline const task_label* label_task(task_header& task, const task_label* label) {
    if (label == nullptr || label->name().empty()) [[likely]]
        return nullptr;
    return keep_label(task, *label);
}

/// The task is about to be freed. Called by its destructor when it has a label.
void forget_label(const task_header& task) noexcept;

/// The name, valid until the task is freed; null without one. The calling thread keeps the task alive.
[[nodiscard]] const char* name_of(const task_header& task) noexcept;

/// The label, valid until the task is freed; null without one. False: somebody has a lock. Never waits; the caller
/// keeps the task alive.
[[nodiscard]] bool peek_label(const task_header& task, const task_label*& found) noexcept;

/// A copy; empty without a label. `at` is compared, not looked into: the task may be gone.
[[nodiscard]] task_label label_at(const task_header* at);

}  // namespace bifilar::detail
