// Who frees an alarm: the task's end, when it takes the timer out; else the last of the task's end and the timer's
// wake.
#include <bifilar/time/detail/deadline_alarm.hpp>

#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/time/deadline.hpp>
#include <bifilar/time/now.hpp>

namespace bifilar::detail {

void* deadline_alarm::operator new(std::size_t bytes) { return allocate_frame(bytes); }
void deadline_alarm::operator delete(void* place) noexcept { release_frame(place); }

deadline_alarm* deadline_alarm::make() { return new deadline_alarm; }

deadline_alarm::deadline_alarm() noexcept : task_header{kind, 1} {
    (void)state_.end_pending();  // Born parked: the first wake schedules it.
}

void deadline_alarm::arm(task_header& task, base::instant_ns moment, base::instant_ns now) noexcept {
    task_ = &task;
    // The timer may fire when the task has just ended.
    task.state_.add_reference();
    queue_ = static_cast<timer_queue*>(this_thread().timers);
    context cx{*this};
    queue_->insert(node_, moment, now, cx);
}

void deadline_alarm::disarm() noexcept {
    if (queue_ != nullptr && queue_->remove(node_)) {
        // It has fired: the wheel's reference and the task's go in schedule(), now or before.
        if (state_.drop_reference()) delete this;
        return;
    }
    // Nobody else knows the alarm. The task has its own reference until it is complete, so this is not its last.
    if (task_ != nullptr) (void)task_->state_.drop_reference();
    delete this;
}

void deadline_alarm::schedule(task_header& header) noexcept {
    auto& self = static_cast<deadline_alarm&>(header);
    task_header& task = *self.task_;
    // Both references are dropped behind this, for either may be the last one.
    if (task.state_.request_cancel() == wake_result::schedule) task.kind_->schedule(task);
    if (task.state_.drop_reference()) task.kind_->destroy(task);
    if (self.state_.drop_reference()) delete &self;
}

void deadline_alarm::destroy(task_header& self) noexcept { delete static_cast<deadline_alarm*>(&self); }

bool deadline_has_come(base::instant_ns moment) noexcept { return moment != base::never && moment <= timer_now_ns(); }

}  // namespace bifilar::detail
