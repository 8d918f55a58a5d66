// The stop: while the worker stands, nothing is allocated, and no lock is waited for.
#include "poll_reader.hpp"

#include "dump/frame_text.hpp"

#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker_freeze.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/task/detail/task_label.hpp>
#include <bifilar/task/detail/task_model.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace bifilar::stall {
namespace {

// Of a stack: more than 1,000 frames in most programs.
constexpr std::size_t max_words = (std::size_t{256} << 10) / sizeof(std::uint64_t);
constexpr std::size_t max_name = 255;
// What lies so far below the stack pointer is still a function's own, by the ABI of x86-64: at its last instruction the
// caller's registers are found there.
constexpr std::uint64_t red_zone_bytes = 128;

// A word at a time, through volatile: a compiler would make a call of memcpy of it, which sanitizers look at.
BIFILAR_UNSANITIZED void copy_words(std::uint64_t from, std::span<std::uint64_t> into) noexcept {
    const auto* const words = reinterpret_cast<const volatile std::uint64_t*>(from);
    for (std::size_t at = 0; at < into.size(); ++at) into[at] = words[at];
}

// Of the worker: what runs tasks, and not what a task calls when it wakes or spawns others.
bool is_loop(std::string_view function) noexcept {
    constexpr std::string_view worker = "bifilar::sched::worker::";
    if (!function.starts_with(worker)) return false;
    function.remove_prefix(worker.size());
    return function.starts_with("loop") || function.starts_with("run") || function.starts_with("poll");
}

}  // namespace

poll_reader::poll_reader()
    : words_{std::make_unique<std::uint64_t[]>(max_words)} {  // Written once, so that its pages are there.
    name_.reserve(max_name);
}

auto poll_reader::take(sched::scheduler& of, std::uint32_t worker, const sched::worker::poll_mark& expected) -> answer {
    constexpr std::chrono::milliseconds stop_limit{2};
    const sched::worker& one = of.worker_at(worker);
    sched::worker_freeze freeze{of, worker};
    if (!freeze.has_turn()) return answer::busy;
    if (!freeze.stop(stop_limit)) return one.present_poll() == expected ? answer::not_stopped : answer::over;
    if (!freeze.stands(worker) || one.present_poll() != expected) return answer::over;
    taken_at_ns_ = base::now_ns();
    return copy(dump::see_running(freeze, one));
}

auto poll_reader::copy(const dump::running_task& running) noexcept -> answer {
    const detail::task_label* label = nullptr;
    if (!detail::peek_label(*running.header, label)) return answer::busy;
    name_.clear();
    spawned_at_ = {};
    if (label != nullptr) {
        name_.assign(label->name(), 0, max_name);
        spawned_at_ = label->place();
    }
    model_ = detail::model_of(*running.header);
    copy_stack(running.stack);
    return answer::taken;
}

void poll_reader::copy_stack(const parked_stack& stack) noexcept {
    stack_ = stack;
    word_count_ = 0;
    if (stack.top == nullptr) return;
    const std::uint64_t wanted = stack.stack_pointer - stack.stack_pointer % sizeof(std::uint64_t) - red_zone_bytes;
    copied_from_ = std::max(reinterpret_cast<std::uint64_t>(stack.low), wanted);
    const std::uint64_t bytes = reinterpret_cast<std::uint64_t>(stack.top) - copied_from_;
    word_count_ = std::min<std::size_t>(max_words, bytes / sizeof(std::uint64_t));
    copy_words(copied_from_, {words_.get(), word_count_});
}

void poll_reader::read(task_stall& into) {
    into.name = name_;
    into.spawned_at = spawned_at_;
    into.model = model_;
    if (word_count_ == 0) {
        into.problem = "it runs on a stack that is neither a fiber's nor its thread's, or its frames were not read";
        return;
    }
    if (code_ == nullptr) code_ = std::make_unique<code_tables>();
    into.problem = code_->tables.problem();
    read_stack(into.frames);
}

void poll_reader::read_stack(std::vector<dumped_frame>& into) {
    const dump::stack_words words{copied_from_, {words_.get(), word_count_}};
    std::array<std::uint64_t, dump::unwind_rules::max_frames> found;
    std::size_t count = 0;
    // Each round learns at least one rule more.
    for (bool complete = false; !complete;) {
        code_->rules.learn(code_->tables);
        count = code_->rules.walk(stack_, words, found, complete);
    }
    for (std::size_t at = 0; at < count; ++at) {
        const auto task_frames = static_cast<std::ptrdiff_t>(into.size());
        code_->names.add(found[at], into);
        if (!is_loop(dump::name_in(into.back().function))) continue;
        // From here on it is the same for all tasks: the worker's loop, or another task in whose poll this one runs.
        into.erase(into.begin() + task_frames, into.end());
        return;
    }
}

void poll_reader::forget_tables(base::instant_ns now) noexcept {
    constexpr base::instant_ns old_ns = 60'000'000'000;
    if (code_ != nullptr && now - code_->made_at_ns >= old_ns) code_.reset();
}

}  // namespace bifilar::stall
