// Turns the fault in a fiber's guard into a sentence: which task, how large its stack was, what to do.
// It builds on sigaltstack: the handler cannot run on the stack that has just ended.
// Faults anywhere else go to the handler that was there before, as if this one did not exist.
#pragma once

#include <bifilar/stackful/detail/stack.hpp>
#include <cstddef>
#include <signal.h>

namespace bifilar::stackful {

/// What the running fiber says about itself. Null texts are left out of the message.
struct running_fiber {
    stack_view stack;                  ///< Empty: no fiber runs on this thread.
    const char* name = nullptr;        ///< The task's name.
    const char* spawn_file = nullptr;  ///< Where it was spawned.
    unsigned spawn_line = 0;
};

/// Tells what runs on the calling thread. Called inside a signal handler: no locks, no allocation, no fiber switch.
using fiber_describer = running_fiber (*)(void* argument) noexcept;

/// While it lives, an overflow of a pool's fiber stack on this thread is reported on stderr, and the process aborts:
///   "bifilar: fiber stack overflow: task <name>, spawned at <file>:<line>, stack <n> bytes, guard <address>;
///    give it more with spawn_options::stack_bytes".
/// One for each worker, made and destroyed by the thread that it watches, not moved. The process-wide SIGSEGV
/// handler is installed with the first one and stays; a handler installed later by others replaces it.
class overflow_watch {
public:
    /// Maps an alternate signal stack of 64 KiB. Throws std::system_error when the kernel refuses.
    explicit overflow_watch(fiber_describer describe, void* argument = nullptr);
    overflow_watch(const overflow_watch&) = delete;
    overflow_watch& operator=(const overflow_watch&) = delete;
    /// Gives the thread its former signal stack back.
    ~overflow_watch();

    /// For the handler: the description of what runs on this thread now.
    [[nodiscard]] running_fiber describe() const noexcept { return describe_(argument_); }

private:
    fiber_describer describe_;
    void* argument_;
    overflow_watch* outer_ = nullptr;  // A watch of this thread that was there before.
    std::byte* signal_stack_ = nullptr;
    stack_t former_{};
};

}  // namespace bifilar::stackful
