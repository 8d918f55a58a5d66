// Of which model a task is, asked of one that may be running.
#pragma once

#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <source_location>
#include <span>
#include <string_view>

namespace bifilar::detail {

/// As task_visitor::visit_model has it: a constant, empty when the task tells none. Never waits or allocates. Whoever
/// owns the body, or while its worker is stopped.
[[nodiscard]] inline std::string_view model_of(const task_header& task) noexcept {
    class reader final : public task_visitor {
    public:
        std::string_view model;

        [[nodiscard]] extent visit_model(std::string_view told) noexcept override {
            model = told;
            return extent::model;
        }
        void visit_wait(std::string_view, std::span<const wait_fact>) noexcept override {}
        void visit_frame(const void*, const std::source_location&) noexcept override {}
        void visit_stack(const parked_stack&, const std::source_location&) noexcept override {}
        void begin_arms(std::string_view, arms) noexcept override {}
        void next_arm() noexcept override {}
        void end_arms() noexcept override {}
    };
    reader asked;
    if (task.kind_->describe != nullptr) task.kind_->describe(task, asked);
    return asked.model;
}

}  // namespace bifilar::detail
