// One thread for all runtimes of the process, and one handler for all signals.
#include "signal_watch.hpp"

#include "assembly.hpp"

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/signals_blocked.hpp>
#include <bifilar/sched/detail/worker_freeze.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <semaphore.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bifilar::dump {
namespace {

// Bit n: signal n has come. Set by the handler, taken by the thread.
base::atomic<std::uint64_t> came{0};
::sem_t wakes;  // The thread, for what came.
base::atomic<std::size_t> threads{0};

static_assert(NSIG <= 65, "a bit for each signal, which count from 1");
constexpr std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

void note_signal(int signal) noexcept {
    const int saved_errno = errno;
    came.fetch_or(bit_of(signal), base::relaxed);  // Relaxed: the semaphore orders it.
    (void)::sem_post(&wakes);
    errno = saved_errno;
}

void write_all(const std::string& text) noexcept {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t count = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
        if (count < 0 && errno != EINTR) return;
        if (count > 0) done += static_cast<std::size_t>(count);
    }
}

void print_dump(sched::scheduler& of) noexcept {
    try {
        write_all("bifilar: " + assembly{of}.take().text());
    } catch (const std::exception& problem) {
        write_all("bifilar: no dump: " + std::string{problem.what()} + "\n");
    }
}

}  // namespace

class signal_watch::watcher {
public:
    watcher() { (void)::sem_init(&wakes, 0, 0); }

    void add(signal_watch& one) {
        const std::lock_guard guard{mutex_};
        watches_.push_back(&one);
        try {
            if (!thread_.joinable()) {
                const base::signals_blocked quietly;
                thread_ = std::thread{[this] { run(); }};
                threads.store(1, base::relaxed);  // Relaxed: only the number matters.
            }
            handle(one.signal_);
        } catch (...) {
            watches_.pop_back();
            throw;
        }
    }

    void remove(signal_watch& one) {
        const std::lock_guard guard{mutex_};
        answer();  // What came before the end is not lost.
        std::erase(watches_, &one);
        if (std::ranges::any_of(watches_, [&](const signal_watch* other) { return other->signal_ == one.signal_; }))
            return;
        const auto before = before_.extract(one.signal_);
        (void)::sigaction(one.signal_, &before.mapped(), nullptr);
    }

private:
    // Under the mutex.
    void handle(int signal) {
        if (before_.contains(signal)) return;
        struct sigaction ours {};
        ours.sa_handler = &note_signal;
        ours.sa_flags = SA_RESTART | SA_ONSTACK;
        struct sigaction before {};
        if (signal == sched::worker_freeze::signal || ::sigaction(signal, &ours, &before) != 0)
            throw std::invalid_argument{"runtime_options::dump_on_signal is " + std::to_string(signal) +
                                        ", which a program cannot have; SIGQUIT and SIGUSR1 are usual"};
        before_[signal] = before;
    }

    [[noreturn]] void run() {
        for (;;) {
            while (::sem_wait(&wakes) != 0) {
            }
            const std::lock_guard guard{mutex_};
            answer();
        }
    }

    // Under the mutex.
    void answer() noexcept {
        const std::uint64_t now = came.exchange(0, base::relaxed);  // Relaxed: as in note_signal.
        for (const signal_watch* const one : watches_)
            if ((now & bit_of(one->signal_)) != 0) print_dump(one->of_);
    }

    std::mutex mutex_;  // Guards all. Held through a dump.
    std::vector<signal_watch*> watches_;
    std::map<int, struct sigaction> before_;
    std::thread thread_;  // From the first watch on, for good.
};

// Never destroyed: a runtime may be a static object, and the thread stays.
auto signal_watch::all() -> watcher& {
    static auto* const one = new watcher;
    return *one;
}

std::size_t signal_watch::thread_count() noexcept { return threads.load(base::relaxed); }  // Relaxed: a number.

signal_watch::signal_watch(sched::scheduler& of, int signal) : of_{of}, signal_{signal} { all().add(*this); }

signal_watch::~signal_watch() { all().remove(*this); }

}  // namespace bifilar::dump
