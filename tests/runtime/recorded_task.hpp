// What a task says of itself when it is asked, as values that a test looks at.
#pragma once

#include <bifilar/bifilar.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/task/task_visitor.hpp>

#include <algorithm>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct recorded_wait {
    std::string type;
    std::vector<bifilar::wait_fact> facts;

    [[nodiscard]] const bifilar::wait_fact* find(std::string_view name) const {
        const auto at = std::ranges::find_if(facts, [&](const auto& one) { return one.name() == name; });
        return at != facts.end() ? &*at : nullptr;
    }
};

/// Keeps all that it is told. `order` has a letter for each call: w(ait), f(rame), s(tack), ( | ) for arms.
class recorded_task final : public bifilar::task_visitor {
public:
    explicit recorded_task(extent tells = extent::waits) : tells_{tells} {}

    extent visit_model(std::string_view of) noexcept override {
        model = of;
        return tells_;
    }
    void visit_wait(std::string_view type, std::span<const bifilar::wait_fact> facts) noexcept override {
        order += 'w';
        waits.push_back({std::string{type}, {facts.begin(), facts.end()}});
    }
    void visit_frame(const void* resumes_at, const std::source_location& at) noexcept override {
        order += 'f';
        frames.push_back(at);
        resume_addresses.push_back(resumes_at);
    }
    void visit_stack(const bifilar::parked_stack& of, const std::source_location& at) noexcept override {
        order += 's';
        stack = of;
        stack_at = at;
    }
    void begin_arms(std::string_view type, arms how) noexcept override {
        order += how == arms::any ? '(' : '[';
        arm_types.emplace_back(type);
    }
    void next_arm() noexcept override { order += '|'; }
    void end_arms() noexcept override { order += ')'; }

    std::string order;
    std::string model;
    std::vector<recorded_wait> waits;
    std::vector<std::source_location> frames;
    std::vector<const void*> resume_addresses;
    std::vector<std::string> arm_types;
    bifilar::parked_stack stack;
    std::source_location stack_at;

private:
    extent tells_;
};

/// Ready with the task that polls it.
class own_task {
public:
    using output = bifilar::detail::task_header*;
    bifilar::polled<output> poll(bifilar::context& cx) noexcept { return &cx.task(); }
};

/// Of a task that does not run.
inline recorded_task ask(const bifilar::detail::task_header& task) {
    using enum bifilar::task_visitor::extent;
    recorded_task told{task.state_.is_claimed() ? frames : waits};
    task.kind_->describe(task, told);
    return told;
}

}  // namespace tests
