// How a failed check reports itself: one line on stderr, then abort.
// It takes no lock and allocates nothing, because it may run inside the scheduler.
#include <bifilar/base/detail/assert.hpp>

#include <bifilar/base/detail/atomic.hpp>
#include <cstdio>
#include <cstdlib>

namespace bifilar::base {
namespace {

// Written once by set_task_namer, read by any failing thread. Null where no task can run.
atomic<task_namer> current_namer{nullptr};

// Null in no task.
const char* running_task_name() noexcept {
    const task_namer namer = current_namer.load(relaxed);  // Relaxed: a function has no state of its own.
    return namer != nullptr ? namer() : nullptr;
}

}  // namespace

void set_task_namer(task_namer namer) noexcept {
    current_namer.store(namer, relaxed);  // Relaxed: as above.
}

void check_failed(const char* condition, const char* sentence, std::source_location where) noexcept {
    const char* const task = running_task_name();
    std::fprintf(stderr, "bifilar: %s (%s) at %s:%u, %s%s\n", sentence, condition, where.file_name(),
                 static_cast<unsigned>(where.line()), task != nullptr ? "task " : "in no task",
                 task != nullptr ? task : "");
    std::abort();
}

void tell(const char* sentence) noexcept {
    const char* const task = running_task_name();
    std::fprintf(stderr, "bifilar: %s, %s%s\n", sentence, task != nullptr ? "task " : "in no task",
                 task != nullptr ? task : "");
}

}  // namespace bifilar::base
