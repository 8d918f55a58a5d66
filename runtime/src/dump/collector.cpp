// Notes of one slab's tasks are kept once all of it was noted.
#include "collector.hpp"

#include <bifilar/sched/detail/task_record.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/task/detail/task_label.hpp>

#include <algorithm>
#include <array>

namespace bifilar::dump {

void collector::make_room(std::size_t tasks) {
    // What a usual task tells. Whoever tells more makes the next portion come with more room.
    const auto more = [tasks](auto& list, std::size_t each) { list.reserve(list.size() + tasks * each); };
    more(tasks_, 1);
    more(steps_, 4);
    more(facts_, 4);
    more(addresses_, 16);
    more(letters_, 16);
}

void collector::begin(base::instant_ns budget, std::span<const running_task> running) noexcept {
    now_ = base::now_ns();
    until_ = now_ + budget;
    running_ = running;
    lacks_room_ = again_ = false;
}

void collector::visit(detail::task_header& task) noexcept {
    // It has ended, and its worker is about to say so.
    if (again_ || task.state_.is_complete()) return;
    noted_task made;
    made.header = &task;
    made.cancelling = task.state_.is_cancelling();
    made.first_step = static_cast<std::uint32_t>(steps_.size());
    if (!task.state_.is_claimed()) {
        made.now = dumped_task::state::parked;
    } else if (const auto at = std::ranges::find(running_, &task, &running_task::header); at != running_.end()) {
        made.now = dumped_task::state::running;
        made.worker = static_cast<std::uint32_t>(at - running_.begin());
    }
    note_label(task, made);
    note_record(task, made);
    expect(tasks_.push(made));
    if (again_) return;
    if (task.kind_->describe != nullptr) task.kind_->describe(task, *this);
    if (made.now == dumped_task::state::running && running_[made.worker].stack.top != nullptr)
        visit_stack(running_[made.worker].stack, {});
    tasks_.back().steps = static_cast<std::uint32_t>(steps_.size()) - made.first_step;
}

void collector::note_label(detail::task_header& task, noted_task& into) noexcept {
    const detail::task_label* label = nullptr;
    if (!detail::peek_label(task, label)) again_ = true;
    if (label == nullptr) return;
    const std::string& name = label->name();
    into.name = static_cast<std::uint32_t>(letters_.size());
    into.name_length = static_cast<std::uint16_t>(std::min<std::size_t>(name.size(), UINT16_MAX));
    into.spawned_at = label->place();
    expect(letters_.append({name.data(), into.name_length}));
}

void collector::note_record(const detail::task_header& task, noted_task& into) const noexcept {
    const sched::task_record* const record = sched::task_record::of(task);
    if (record == nullptr) return;
    into.number = record->number();
    into.parent = record->parent();
    into.age_ns = now_ - record->spawned_at_ns();
    into.since_ns = now_ - record->since_ns();
    into.polls = record->polls();
    into.busy_ns = record->busy_ns();
    into.longest_ns = record->longest_ns();
}

auto collector::end_slab() noexcept -> then {
    if (again_) {
        tasks_.cut(kept_.tasks);
        steps_.cut(kept_.steps);
        facts_.cut(kept_.facts);
        addresses_.cut(kept_.addresses);
        letters_.cut(kept_.letters);
        return then::again;
    }
    kept_ = {tasks_.size(), steps_.size(), facts_.size(), addresses_.size(), letters_.size()};
    return base::now_ns() < until_ ? then::next : then::pause;
}

auto collector::visit_model(std::string_view model) noexcept -> extent {
    noted_task& task = tasks_.back();
    task.model = model;
    // What has an owner may run: on a worker, or in the poll of another task there.
    return task.now == dumped_task::state::parked ? extent::waits : extent::model;
}

void collector::visit_wait(std::string_view type, std::span<const wait_fact> facts) noexcept {
    noted_step step;
    step.type = type;
    step.first = static_cast<std::uint32_t>(facts_.size());
    step.count = static_cast<std::uint16_t>(facts.size());
    expect(facts_.append(facts));
    note(step);
}

void collector::visit_frame(const void* resumes_at, const std::source_location& waits_at) noexcept {
    noted_step step;
    step.is = noted_step::kind::frame;
    step.code = resumes_at;
    step.place = waits_at;
    note(step);
}

void collector::visit_stack(const parked_stack& stack, const std::source_location& waits_at) noexcept {
    noted_step step;
    step.is = noted_step::kind::stack;
    step.place = waits_at;
    step.stack_bytes = static_cast<std::uint32_t>(stack.top - stack.low);
    step.stack_used = static_cast<std::uint32_t>(reinterpret_cast<std::uint64_t>(stack.top) - stack.stack_pointer);
    std::array<std::uint64_t, unwind_rules::max_frames> found;
    bool complete = true;
    const std::size_t count = rules_.walk(stack, found, complete);
    if (!complete) again_ = true;
    step.first = static_cast<std::uint32_t>(addresses_.size());
    step.count = static_cast<std::uint16_t>(count);
    expect(addresses_.append({found.data(), count}));
    note(step);
}

void collector::begin_arms(std::string_view type, arms how) noexcept {
    noted_step step;
    step.is = noted_step::kind::begin_arms;
    step.how = how;
    step.type = type;
    note(step);
}

void collector::next_arm() noexcept { note({.is = noted_step::kind::next_arm}); }

void collector::end_arms() noexcept { note({.is = noted_step::kind::end_arms}); }

std::span<const noted_step> collector::steps_of(const noted_task& task) const noexcept {
    return steps_.all().subspan(task.first_step, task.steps);
}
std::span<const wait_fact> collector::facts_of(const noted_step& step) const noexcept {
    return facts_.all().subspan(step.first, step.count);
}
std::span<const std::uint64_t> collector::addresses_of(const noted_step& step) const noexcept {
    return addresses_.all().subspan(step.first, step.count);
}
std::string_view collector::name_of(const noted_task& task) const noexcept {
    return {letters_.all().data() + task.name, task.name_length};
}

}  // namespace bifilar::dump
