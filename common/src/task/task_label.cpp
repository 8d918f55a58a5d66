// The table of labels: hashed by address into parts with a lock each, because every connection of a server may be
// named.
#include <bifilar/task/detail/task_label.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/base/detail/thread_mutex.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace bifilar::detail {
namespace {

struct part {
    base::thread_mutex mutex;  // Guards the table; held for a look-up or an insertion.
    std::unordered_map<const task_header*, task_label> labels;
};

part& part_of(const task_header* task) noexcept {
    // Never destroyed: tasks may be freed by destructors of statics.
    using table = std::array<part, 64>;
    alignas(table) static std::byte place[sizeof(table)];
    static auto& parts = *new (place) table;
    return parts[reinterpret_cast<std::uintptr_t>(task) / 64 % parts.size()];
}

// For failed checks: the task that runs on this thread.
const char* name_of_running_task() noexcept {
    const task_header* const task = running_task();
    if (task == nullptr) return nullptr;
    const char* const name = name_of(*task);
    return name != nullptr ? name : "without a name";
}

// Also where no task was ever named.
[[maybe_unused]] const bool namer_is_set = (base::set_task_namer(&name_of_running_task), true);

}  // namespace

const task_label* keep_label(task_header& task, const task_label& label) {
    part& p = part_of(&task);
    const std::lock_guard guard{p.mutex};
    // A node-based table: the label stays where it is.
    const auto made = p.labels.insert_or_assign(&task, label).first;
    task.state_.set_labelled();
    return &made->second;
}

void forget_label(const task_header& task) noexcept {
    part& p = part_of(&task);
    const std::lock_guard guard{p.mutex};
    p.labels.erase(&task);
}

const char* name_of(const task_header& task) noexcept {
    // Most tasks have no name, and cost no lock here.
    if (!task.state_.is_labelled()) return nullptr;
    part& p = part_of(&task);
    const std::lock_guard guard{p.mutex};
    const auto found = p.labels.find(&task);
    return found != p.labels.end() ? found->second.name().c_str() : nullptr;
}

bool peek_label(const task_header& task, const task_label*& found) noexcept {
    found = nullptr;
    if (!task.state_.is_labelled()) return true;
    part& p = part_of(&task);
    const std::unique_lock guard{p.mutex, std::try_to_lock};
    if (!guard.owns_lock()) return false;
    if (const auto at = p.labels.find(&task); at != p.labels.end()) found = &at->second;
    return true;
}

task_label label_at(const task_header* at) {
    part& p = part_of(at);
    const std::lock_guard guard{p.mutex};
    const auto found = p.labels.find(at);
    return found != p.labels.end() ? found->second : task_label{};
}

}  // namespace bifilar::detail
