// The hooks of include/model and the few functions of base that a model needs instead of the library's.
// Builds on execution. A failed BIFILAR_CHECK is a failed execution, with its schedule.
#include <model/hooks.hpp>

#include "execution.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/spin_lock.hpp>

#include <cstdio>
#include <cstdlib>
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
void pause() noexcept {
    if (execution* const run = searched())
        run->pause();
    else if (execution::current() != nullptr)
        require(false, "spin_pause was called outside the threads of a model: it would wait for ever");
}
void gate_wait(bool& open) noexcept {
    if (execution* const run = searched())
        (void)run->gate_wait(open, false);
    else
        require(std::exchange(open, false), "a closed gate was waited for outside the threads of a model");
}
bool gate_wait_for(bool& open) noexcept {
    execution* const run = searched();
    return run != nullptr ? run->gate_wait(open, true) : std::exchange(open, false);
}
void gate_open(bool& open) noexcept {
    if (execution* const run = searched())
        run->gate_open(open);
    else
        open = true;
}
void plain_read(plain_history& history, const char* name) noexcept {
    if (execution* const run = searched()) run->plain_read(history, name);
}
void plain_write(plain_history& history, const char* name) noexcept {
    if (execution* const run = searched()) run->plain_write(history, name);
}
void plain_destroy(plain_history& history, const char* name) noexcept {
    if (execution* const run = searched()) run->plain_write(history, name);
    if (execution* const run = execution::current()) run->bury_cell(history);
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

void yield_thread() noexcept { spin_pause(); }

bool heavy_fence() noexcept {
    if (model::refuses_fences) return false;
    model::detail::heavy_fence();
    return true;
}

}  // namespace bifilar::base
