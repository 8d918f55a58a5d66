// The hooks of include/model and the few functions of base that a model needs instead of the library's.
// Builds on execution. A failed BIFILAR_CHECK is a failed execution, with its schedule.
#include <model/hooks.hpp>

#include "execution.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

namespace model {

bool refuses_fences = false;

}  // namespace model

namespace model::detail {
namespace {

// The execution, when its operations are searched.
execution* searched() noexcept {
    execution* const run = execution::current();
    return run != nullptr && !run->quiet() ? run : nullptr;
}

}  // namespace

bool load(place from, void* value, std::memory_order order) noexcept {
    execution* const run = searched();
    if (run != nullptr) run->load(from, value, order);
    return run != nullptr;
}
bool store(place to, const void* value, std::memory_order order) noexcept {
    execution* const run = searched();
    if (run != nullptr) run->store(to, value, order);
    return run != nullptr;
}
bool begin_update(access what, place of, void* old, std::memory_order order) noexcept {
    execution* const run = searched();
    if (run != nullptr) run->begin_update(what, of, old, order);
    return run != nullptr;
}
void end_update(access what, place of, const void* value, std::memory_order order) noexcept {
    execution::current()->end_update(what, of, value, order);
}
exchanged compare_exchange(place of, void* expected, const void* desired, std::memory_order success,
                           std::memory_order failure) noexcept {
    execution* const run = searched();
    if (run == nullptr) return exchanged::by_caller;
    return run->compare_exchange(of, expected, desired, success, failure) ? exchanged::yes : exchanged::no;
}
void born(const void* address) noexcept {
    if (execution* const run = execution::current()) run->born(address);
}
void gone(const void* address) noexcept {
    if (execution* const run = execution::current()) run->gone(address);
}
void fence(std::memory_order order) noexcept {
    if (execution* const run = searched()) run->fence(order);
}
void heavy_fence() noexcept {
    if (execution* const run = searched()) run->heavy_fence();
}
void light_fence() noexcept {
    if (execution* const run = searched()) run->light_fence();
}
void pause() noexcept {
    if (execution* const run = searched())
        run->pause();
    else if (execution::current() != nullptr)
        require(false, "spin_pause was called outside the threads of a model: it would wait for ever");
}
void short_wait() noexcept {
    if (execution* const run = searched()) run->short_wait();
}
void gate_wait(bool& open) noexcept {
    if (execution* const run = searched())
        (void)run->gate_wait(open, execution::no_limit);
    else
        require(std::exchange(open, false), "a closed gate was waited for outside the threads of a model");
}
bool gate_wait_for(bool& open, std::int64_t ns) noexcept {
    execution* const run = searched();
    return run != nullptr ? run->gate_wait(open, run->moment_after(ns)) : std::exchange(open, false);
}
void gate_open(bool& open) noexcept {
    if (execution* const run = searched())
        run->gate_open(open);
    else
        open = true;
}
std::size_t running_thread() noexcept {
    const int number = this_thread();
    require(number >= 0, "a condition was waited for outside the threads of a model");
    return static_cast<std::size_t>(number);
}
std::int64_t now_ns() noexcept {
    execution* const run = execution::current();
    return run != nullptr ? run->now_ns() : execution::first_moment;
}
void start_thread(std::function<void()> body) {
    execution* const run = searched();
    require(run != nullptr, "a thread was started outside the threads of a model; add it by world::thread");
    run->add_thread("", std::move(body), false);
}
void plain_born(const void* address) noexcept {
    if (execution* const run = execution::current()) run->plain_born(address);
}
void plain_read(const void* address, const char* name) noexcept {
    if (execution* const run = searched()) run->plain_read(address, name);
}
void plain_write(const void* address, const char* name) noexcept {
    if (execution* const run = searched()) run->plain_write(address, name);
}
void plain_gone(const void* address, const char* name) noexcept {
    if (execution* const run = execution::current()) run->plain_gone(address, name);
}

}  // namespace model::detail

namespace bifilar::base {

void set_task_namer(task_namer) noexcept {}

void check_failed(const char* condition, const char* sentence, std::source_location where) noexcept {
    if (model::execution* const run = model::execution::current())
        run->fail(std::string(sentence) + " (" + condition + ") at " + where.file_name() + ":" +
                  std::to_string(where.line()));
    std::fprintf(stderr, "bifilar: %s (%s)\n", sentence, condition);
    std::abort();
}

void tell(const char* sentence) noexcept { model::note(sentence); }

instant_ns now_ns() noexcept { return model::detail::now_ns(); }

void yield_thread() noexcept { spin_pause(); }
void let_others_run() noexcept { spin_pause(); }

void light_fence() noexcept { model::detail::light_fence(); }

bool heavy_fence() noexcept {
    if (model::refuses_fences) return false;
    model::detail::heavy_fence();
    return true;
}

}  // namespace bifilar::base

namespace bifilar::detail {
namespace {

// A thread's state in one execution; 0: outside of all.
struct own_state {
    std::optional<thread_state> here;
    std::uint64_t execution = 0;
};

}  // namespace

// Each thread of a model has its own, new in each execution; the set-up and the checks have one as well.
thread_state& this_thread() noexcept {
    static std::array<own_state, model::max_threads + 1> states;
    const model::execution* const run = model::execution::current();
    own_state& mine = states[static_cast<std::size_t>(run != nullptr ? run->running() + 1 : 0)];
    const std::uint64_t number = run != nullptr ? run->number() : 0;
    if (!mine.here || mine.execution != number) {
        mine.here.emplace();
        mine.execution = number;
    }
    return *mine.here;
}

}  // namespace bifilar::detail
