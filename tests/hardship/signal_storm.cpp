// Preloaded into a test process: a timer interrupts whichever thread the kernel chooses, and each thread has one of its
// own besides, so that none sleeps in peace. The handler does nothing and has no SA_RESTART: calls fail with EINTR.
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <memory>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr long process_hertz = 10'000;
constexpr long thread_hertz = 1'000;
// Ignored where nobody handles it, so a program that a test starts does not die of one.
constexpr int signal_number = SIGURG;

void pass(int) {}

class storm_timer {
public:
    storm_timer(sigevent what, long hertz) noexcept {
        what.sigev_signo = signal_number;
        // Without a timer (the user's limit of queued signals) it is only calmer.
        has_timer_ = ::timer_create(CLOCK_MONOTONIC, &what, &timer_) == 0;
        if (!has_timer_) return;
        const timespec period{0, 1'000'000'000 / hertz};
        const itimerspec times{period, period};
        ::timer_settime(timer_, 0, &times, nullptr);
    }
    storm_timer(const storm_timer&) = delete;
    storm_timer& operator=(const storm_timer&) = delete;
    ~storm_timer() {
        if (has_timer_) ::timer_delete(timer_);
    }

private:
    timer_t timer_{};
    bool has_timer_ = false;
};

sigevent to_process() noexcept {
    sigevent what{};
    what.sigev_notify = SIGEV_SIGNAL;
    return what;
}

sigevent to_this_thread() noexcept {
    sigevent what{};
    what.sigev_notify = SIGEV_THREAD_ID;
    what._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
    return what;
}

struct thread_start {
    void* (*body)(void*);
    void* argument;
};

void* run_in_storm(void* given) {
    const thread_start start = *std::unique_ptr<thread_start>{static_cast<thread_start*>(given)};
    const storm_timer timer{to_this_thread(), thread_hertz};
    return start.body(start.argument);
}

[[gnu::constructor]] void begin() {
    ::unsetenv("LD_PRELOAD");  // The programs that a test starts have no part in it.
    struct sigaction action{};
    action.sa_handler = pass;
    ::sigaction(signal_number, &action, nullptr);
    static const storm_timer whole{to_process(), process_hertz};
}

}  // namespace

/// Takes the place of the C library's, which it calls.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                              void* argument) {
    using creator = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto create = reinterpret_cast<creator>(::dlsym(RTLD_NEXT, "pthread_create"));
    auto start = std::make_unique<thread_start>(thread_start{body, argument});
    const int error = create(thread, attributes, run_in_storm, start.get());
    if (error == 0) (void)start.release();  // The thread's.
    return error;
}
