// Checks of wrong use (always on) and of invariants (debug builds).
// A failed check prints one sentence, the place, and the name of the running task, then aborts.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <source_location>

namespace bifilar::base {

/// Names the task that runs on this thread, for messages; may return null. Set once, by what knows tasks.
using task_namer = const char* (*)() noexcept;
void set_task_namer(task_namer namer) noexcept;

/// Prints "bifilar: <sentence> (<condition>) at <file>:<line>, task <name>" to stderr, with "task without a name" or
/// "in no task" where that is so, and aborts.
[[noreturn]] void check_failed(const char* condition, const char* sentence,
                               std::source_location where = std::source_location::current()) noexcept;

/// Prints "bifilar: <sentence>, task <name>" in the same way, and goes on: for what is a mistake as a rule.
void tell(const char* sentence) noexcept;

}  // namespace bifilar::base

/// Wrong use by a caller: always checked. The sentence says what to do instead.
#define BIFILAR_CHECK(condition, sentence)                       \
    do {                                                         \
        if (!(condition)) [[unlikely]]                           \
            ::bifilar::base::check_failed(#condition, sentence); \
    } while (false)

/// An invariant of ours: checked where BIFILAR_DEBUG is defined, free elsewhere.
#if defined(BIFILAR_DEBUG)
#define BIFILAR_ASSERT(condition, sentence) BIFILAR_CHECK(condition, sentence)
#else
#define BIFILAR_ASSERT(condition, sentence) \
    do {                                    \
    } while (false)
#endif
