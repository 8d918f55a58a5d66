// The signals around a standstill: who sends them, and who gets those that are not ours.
#include <bifilar/sched/detail/worker_freeze.hpp>

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/futex.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/standstill.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bifilar::sched {
// On futexes; from a signal handler too.
struct worker_freeze::futex_sleep {
    static void on(base::atomic<std::uint32_t>& word, std::uint32_t value, base::instant_ns limit_ns = -1) noexcept {
        base::futex_wait(word, value, limit_ns);
    }
    static void wake(base::atomic<std::uint32_t>& word) noexcept { base::futex_wake(&word, INT_MAX); }
};

// What handled the signal before, and before that. Never freed: a handler may be at it.
struct worker_freeze::former {
    struct sigaction action;
    const former* older;
};

struct worker_freeze::target {
    pid_t thread = 0;
    bool here = false;  // The thread that looks.
    bool gone = false;  // Found so by that thread.
    standstill<futex_sleep>::place place;
};

struct worker_freeze::shared {
    std::mutex mutex;  // Of the thread that looks; one in a process.
    standstill<futex_sleep> still;
    // Written while the turn is even and nobody is inside.
    target* targets = nullptr;
    std::uint32_t count = 0;
    // Written under the mutex, read by handlers.
    base::atomic<const former*> before{nullptr};
};

// Never destroyed, for a signal may come late; and without a guard, which a fork might leave locked to the child.
constinit worker_freeze::shared worker_freeze::state;

namespace {

// A child has one thread, which may make a runtime of its own.
[[maybe_unused]] const int watched = ::pthread_atfork(nullptr, nullptr, &worker_freeze::begin_in_child);

}  // namespace

void worker_freeze::begin_in_child() noexcept {
    const former* const before = state.before.load(base::relaxed);  // Relaxed: one thread.
    new (&state) shared;
    state.before.store(before, base::relaxed);
}

void worker_freeze::handle(int signal, siginfo_t* info, void* registers) noexcept {
    const int saved_errno = errno;
    state.still.stand(
        [] {
            const pid_t thread = ::gettid();
            target* const end = state.targets + state.count;
            target* const own =
                std::find_if(state.targets, end, [&](const target& one) { return one.thread == thread; });
            return own != end ? &own->place : nullptr;
        },
        registers);
    // Ours say so. While one of another's waits to be delivered, the kernel drops one of ours, so both make us stand.
    const bool ours = info->si_code == SI_QUEUE && info->si_value.sival_ptr == &state;
    if (!ours) pass_on(signal, info, registers);
    errno = saved_errno;
}

// To the handler that was there before. One that was put in behind ours may call ours in its turn: then comes the one
// that was there before that.
void worker_freeze::pass_on(int signal, siginfo_t* info, void* registers) noexcept {
    const former* next = state.before.load(base::acquire);  // Pairs with take_signal.
    std::uint32_t& depth = detail::this_thread().passed_signals;
    for (std::uint32_t passed = 0; passed < depth && next != nullptr; ++passed) next = next->older;
    if (next == nullptr) return;
    // As it would have been called, with the signals open that the thread had open.
    sigset_t closed = static_cast<const ucontext_t*>(registers)->uc_sigmask;
    sigaddset(&closed, signal);
    sigset_t now;
    (void)::pthread_sigmask(SIG_SETMASK, &closed, &now);
    ++depth;
    if ((next->action.sa_flags & SA_SIGINFO) != 0)
        next->action.sa_sigaction(signal, info, registers);
    else if (next->action.sa_handler != SIG_DFL && next->action.sa_handler != SIG_IGN)
        next->action.sa_handler(signal);
    --depth;
    (void)::pthread_sigmask(SIG_SETMASK, &now, nullptr);
}

// The program may have put in a handler of its own since.
void worker_freeze::take_signal() {
    const auto change = [](const struct sigaction* to, struct sigaction& from) {
        if (::sigaction(signal, to, &from) != 0) throw std::system_error{errno, std::generic_category(), "sigaction"};
    };
    struct sigaction found {};
    change(nullptr, found);
    if ((found.sa_flags & SA_SIGINFO) != 0 && found.sa_sigaction == &handle) return;
    auto* const kept = new former{found, state.before.load(base::relaxed)};  // Relaxed: under the mutex.
    state.before.store(kept, base::release);                                 // Pairs with pass_on.
    struct sigaction ours {};
    ours.sa_sigaction = &handle;
    ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    // No other handler runs on a thread that stands, but those of a crash.
    sigfillset(&ours.sa_mask);
    for (const int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&ours.sa_mask, crash);
    change(&ours, found);
}

worker_freeze::worker_freeze(scheduler& of)
    : worker_freeze{std::unique_lock{state.mutex}, of, 0, of.is_simulated() ? 0 : of.workers()} {}

worker_freeze::worker_freeze(scheduler& of, std::uint32_t worker)
    : worker_freeze{std::unique_lock{state.mutex, std::try_to_lock}, of, worker, 1} {}

worker_freeze::worker_freeze(std::unique_lock<std::mutex> lock, scheduler& of, std::uint32_t first, std::uint32_t count)
    : one_at_a_time_{std::move(lock)}, first_{first}, count_{count}, targets_{std::make_unique<target[]>(count)} {
    if (!one_at_a_time_.owns_lock()) return;
    if (count_ != 0) take_signal();
    const pid_t own = ::gettid();
    for (std::uint32_t index = 0; index < count_; ++index) {
        targets_[index].thread = of.worker_at(first_ + index).thread_id();
        targets_[index].here = targets_[index].thread == own;
    }
    state.targets = targets_.get();
    state.count = count_;
}

worker_freeze::~worker_freeze() {
    if (!one_at_a_time_.owns_lock()) return;
    resume();
    while (!state.still.nobody_inside()) base::yield_thread();
    state.targets = nullptr;
    state.count = 0;
}

void worker_freeze::ask_all() noexcept {
    siginfo_t info{};
    info.si_code = SI_QUEUE;
    info.si_pid = ::getpid();
    info.si_uid = ::getuid();
    info.si_value.sival_ptr = &state;
    for (std::uint32_t index = 0; index < count_; ++index) {
        target& one = targets_[index];
        // A thread that is gone does nothing any more.
        one.gone = !one.here && ::syscall(SYS_rt_tgsigqueueinfo, info.si_pid, one.thread, signal, &info) != 0 &&
                   errno == ESRCH;
    }
}

bool worker_freeze::all_stand() noexcept {
    for (; late_ < count_; ++late_) {
        const target& one = targets_[late_];
        if (!one.here && !one.gone && !state.still.stands(one.place)) return false;
    }
    return true;
}

bool worker_freeze::stop(std::chrono::nanoseconds limit) noexcept {
    if (!one_at_a_time_.owns_lock()) return false;
    resume();
    const base::instant_ns end = base::after(base::now_ns(), limit);
    state.still.begin();
    stopped_ = true;
    late_ = 0;
    ask_all();
    for (;;) {
        const std::uint32_t news = state.still.news();
        if (all_stand()) return true;
        const base::instant_ns left = end - base::now_ns();
        if (left <= 0) break;
        state.still.await_news(news, left);
    }
    resume();
    return false;
}

void worker_freeze::resume() noexcept {
    if (std::exchange(stopped_, false)) state.still.end();
}

bool worker_freeze::stands(std::uint32_t worker) const noexcept {
    return count_ == 0 || !targets_[worker - first_].gone;
}

const ucontext_t* worker_freeze::registers(std::uint32_t worker) const noexcept {
    if (count_ == 0) return nullptr;
    const target& one = targets_[worker - first_];
    if (one.here || one.gone) return nullptr;
    return static_cast<const ucontext_t*>(state.still.where(one.place));
}

}  // namespace bifilar::sched
