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

void before(bool reads_only) noexcept {
    if (execution* const run = searched()) run->before(reads_only);
}
void after(const effect& done) noexcept {
    if (execution* const run = searched()) run->after(done);
}
bool delay_store(void* address, const void* bytes, std::size_t size, std::memory_order order) noexcept {
    execution* const run = searched();
    return run != nullptr && run->delay_store(address, bytes, size, order);
}
void forward_own_store(const void* address, void* bytes, std::size_t size) noexcept {
    if (execution* const run = searched()) run->forward_own_store(address, bytes, size);
}
void forget(const void* address) noexcept {
    if (execution* const run = execution::current()) run->forget(address);
}
void fence() noexcept {
    if (execution* const run = searched()) run->fence();
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
    fence_seq_cst();
    return !model::refuses_fences;
}

}  // namespace bifilar::base
