// Around the making of a thread of the library's own: signals are for the program's threads.
#pragma once

#include <csignal>
#include <pthread.h>

namespace bifilar::base {

/// Threads that the calling thread makes while this lives get no signal. Never fails.
class signals_blocked {
public:
    signals_blocked() noexcept {
        sigset_t all;
        (void)::sigfillset(&all);
        (void)::pthread_sigmask(SIG_SETMASK, &all, &former_);
    }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;
    ~signals_blocked() { (void)::pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

private:
    sigset_t former_{};
};

}  // namespace bifilar::base
