// What tasks say of themselves while all workers stand still: noted in memory that was had before, for nothing may be
// allocated then. A slab for which there was no room is visited again with more.
#pragma once

#include "running_task.hpp"
#include "unwind_rules.hpp"

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/runtime/dump.hpp>
#include <bifilar/task/detail/portion_visitor.hpp>
#include <bifilar/task/task_visitor.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

namespace bifilar::dump {

/// A vector of a size that is set in advance: an element for which there is no room is left out, and that is known.
template <class T>
class fixed_list {
public:
    /// Throws std::bad_alloc; nothing has changed then.
    void reserve(std::size_t count) { items_.reserve(count); }
    [[nodiscard]] bool has_room(std::size_t more) const noexcept { return items_.capacity() - items_.size() >= more; }
    [[nodiscard]] bool push(const T& item) noexcept {
        if (!has_room(1)) return false;
        items_.push_back(item);
        return true;
    }
    [[nodiscard]] bool append(std::span<const T> more) noexcept {
        if (!has_room(more.size())) return false;
        items_.insert(items_.end(), more.begin(), more.end());
        return true;
    }
    void cut(std::size_t size) noexcept {
        items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(size), items_.end());
    }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    [[nodiscard]] std::span<const T> all() const noexcept { return items_; }
    [[nodiscard]] T& back() noexcept { return items_.back(); }

private:
    std::vector<T> items_;
};

/// One call of a task_visitor.
struct noted_step {
    enum class kind : std::uint8_t { wait, frame, stack, begin_arms, next_arm, end_arms };
    kind is = kind::wait;
    task_visitor::arms how = task_visitor::arms::any;  ///< Of begin_arms.
    std::uint16_t count = 0;                           ///< Facts of a wait, or return addresses of a stack.
    std::uint32_t first = 0;                           ///< Where they begin in their list.
    std::string_view type{};                           ///< Of a wait or arms: a constant.
    const void* code = nullptr;                        ///< Of a frame.
    std::uint32_t stack_used = 0;                      ///< Of a stack, in bytes.
    std::uint32_t stack_bytes = 0;                     ///< Likewise: what it may use.
    std::source_location place{};                      ///< Of a frame or stack.
};

struct noted_task {
    const detail::task_header* header = nullptr;
    dumped_task::state now = dumped_task::state::ready;
    bool cancelling = false;
    std::uint16_t name_length = 0;
    std::uint32_t worker = 0;      ///< On which it runs.
    std::uint32_t first_step = 0;  ///< In the list of steps.
    std::uint32_t steps = 0;
    std::uint32_t name = 0;  ///< Where it begins in the list of letters.
    std::string_view model{};
    std::source_location spawned_at{};
    std::uint64_t number = 0;  ///< As dumped_task has this and what follows.
    std::uint64_t parent = 0;
    base::instant_ns age_ns = 0;
    base::instant_ns since_ns = 0;
    std::uint64_t polls = 0;
    base::instant_ns busy_ns = 0;
    base::instant_ns longest_ns = 0;
};

/// The tasks of one runtime.
class collector final : public detail::portion_visitor, public task_visitor {
public:
    explicit collector(unwind_rules& rules) noexcept : rules_{rules} {}

    /// Room for about so many more tasks. Throws std::bad_alloc.
    void make_room(std::size_t tasks);

    /// A portion begins, which is to take so long. `running`: of each worker. Valid until the next.
    void begin(base::instant_ns budget, std::span<const running_task> running) noexcept;
    /// Whether the last portion ended because there was no room.
    [[nodiscard]] bool lacked_room() const noexcept { return lacks_room_; }

    void visit(detail::task_header& task) noexcept override;
    [[nodiscard]] then end_slab() noexcept override;

    [[nodiscard]] extent visit_model(std::string_view model) noexcept override;
    void visit_wait(std::string_view type, std::span<const wait_fact> facts) noexcept override;
    void visit_frame(const void* resumes_at, const std::source_location& waits_at) noexcept override;
    void visit_stack(const parked_stack& stack, const std::source_location& waits_at) noexcept override;
    void begin_arms(std::string_view type, arms how) noexcept override;
    void next_arm() noexcept override;
    void end_arms() noexcept override;

    /// Those of slabs that are through.
    [[nodiscard]] std::span<const noted_task> tasks() const noexcept { return tasks_.all().first(kept_.tasks); }
    [[nodiscard]] std::span<const noted_step> steps_of(const noted_task& task) const noexcept;
    [[nodiscard]] std::span<const wait_fact> facts_of(const noted_step& step) const noexcept;
    [[nodiscard]] std::span<const std::uint64_t> addresses_of(const noted_step& step) const noexcept;
    [[nodiscard]] std::string_view name_of(const noted_task& task) const noexcept;

private:
    // How much of each list belongs to slabs that are through.
    struct sizes {
        std::size_t tasks = 0, steps = 0, facts = 0, addresses = 0, letters = 0;
    };

    // After a list was asked to take something.
    void expect(bool had_room) noexcept {
        if (!had_room) lacks_room_ = again_ = true;
    }
    void note(const noted_step& step) noexcept { expect(steps_.push(step)); }
    void note_label(detail::task_header& task, noted_task& into) noexcept;
    void note_record(const detail::task_header& task, noted_task& into) const noexcept;

    unwind_rules& rules_;
    fixed_list<noted_task> tasks_;
    fixed_list<noted_step> steps_;
    fixed_list<wait_fact> facts_;
    fixed_list<std::uint64_t> addresses_;
    fixed_list<char> letters_;
    sizes kept_;
    base::instant_ns now_ = 0;  // When the portion began.
    base::instant_ns until_ = 0;
    std::span<const running_task> running_;
    bool lacks_room_ = false;  // In this portion.
    bool again_ = false;       // The slab is to be visited once more: no room, a rule missed, or a lock was held.
};

}  // namespace bifilar::dump
