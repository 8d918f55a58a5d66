// Children over pidfds, and the thread that waits for those that were dropped.
#include <bifilar/io/process/detail/child.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/base/detail/signals_blocked.hpp>

#include "child_reaper.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <mutex>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace bifilar::detail {

child::child(bool kill_on_drop)
    : source_{new drivers::io_source{-1}}, forks_{base::fork_count()}, kill_on_drop_{kill_on_drop} {}

void child::begin(pid_t id, owned_descriptor pidfd) noexcept {
    id_ = id;
    source_->take_over(pidfd.release());
}

io_result<std::optional<exit_status>> child::reap() noexcept {
    if (status_) return status_;
    if (lost_) return io_failure(ECHILD);
    siginfo_t ended{};
    int answer = 0;
    do answer = ::waitid(P_PIDFD, static_cast<id_t>(source_->descriptor()), &ended, WEXITED | WNOHANG);
    while (answer != 0 && errno == EINTR);
    if (answer != 0) {
        const int error = errno;
        // Somebody else has waited for it, or SIGCHLD is ignored: the status is gone for good.
        lost_ = error == ECHILD;
        return io_failure(error);
    }
    if (ended.si_pid == 0) return std::optional<exit_status>{};
    status_ = ended.si_code == CLD_EXITED ? exit_status::exited(ended.si_status)
                                          : exit_status::killed(ended.si_status, ended.si_code == CLD_DUMPED);
    return status_;
}

io_result<void> child::send(int signal) const noexcept {
    // The system call and not its wrapper, which the C library has only lately.
    if (::syscall(SYS_pidfd_send_signal, source_->descriptor(), signal, nullptr, 0) == 0) return {};
    const int error = errno;
    if (error != EPERM && error != ENOSYS) return io_failure(error);
    // It may be the call that is refused, by a container's filter. By its number, which is the program's as long as
    // nobody has waited for it.
    siginfo_t ended{};
    if (::waitid(P_PIDFD, static_cast<id_t>(source_->descriptor()), &ended, WEXITED | WNOHANG | WNOWAIT) != 0)
        return io_failure(ESRCH);
    if (::kill(id_, signal) != 0) return io_failure(errno);
    return {};
}

void child::dropper::operator()(child* dropped) const noexcept {
    std::unique_ptr<child> owned{dropped};
    // To a forked child it is no child, and cannot be waited for.
    const bool is_parent = owned->forks_ == base::fork_count();
    if (!is_parent || owned->status_ || owned->lost_) return;
    {
        const std::lock_guard guard{owned->source_->lock};
        BIFILAR_CHECK(owned->source_->waiting[drivers::io_source::in] == nullptr,
                      "a process was dropped while a wait() of it waits; cancel or await that first");
    }
    if (owned->kill_on_drop_) (void)owned->send(SIGKILL);
    // A zombie goes at once; what still runs is the reaper's from here on.
    const auto ended = owned->reap();
    if (ended && !*ended) child_reaper::ours().adopt(*owned.release());
}

child_reaper::child_reaper() noexcept : forks_{base::fork_count()} {}

child_reaper& child_reaper::ours() {
    // The present process's reaper, or its parent's, or null. Any thread replaces what is not its process's.
    static base::atomic<child_reaper*> present{nullptr};
    child_reaper* at = present.load(base::acquire);  // Pairs with the exchange; so that the reaper is visible.
    while (at == nullptr || at->forks_ != base::fork_count()) {
        auto* const made = new child_reaper;
        // Pairs with the load, and with itself.
        if (present.compare_exchange_strong(at, made, base::acq_rel, base::acquire)) return *made;
        delete made;
    }
    return *at;
}

io_result<void> child_reaper::prepare() noexcept {
    const std::lock_guard guard{mutex_};
    if (!epoll_) epoll_ = owned_descriptor{::epoll_create1(EPOLL_CLOEXEC)};
    if (!epoll_) return io_failure(errno);
    watch_all();
    return {};
}

void child_reaper::adopt(child& orphan) noexcept {
    const std::lock_guard guard{mutex_};
    orphan.next_ = std::exchange(unwatched_, &orphan);
    watch_all();
}

// Under the lock, as the next two.
void child_reaper::watch_all() noexcept {
    while (unwatched_ != nullptr && watch(*unwatched_)) {
        unwatched_ = unwatched_->next_;
        ++watched_;
    }
    if (watched_ != 0 && !serving_) start();
}

bool child_reaper::watch(child& orphan) noexcept {
    epoll_event wanted{EPOLLIN, {&orphan}};
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, orphan.source().descriptor(), &wanted) == 0;
}

void child_reaper::start() noexcept {
    const base::signals_blocked quietly;
    try {
        // Nobody could join it: it may run until the process ends.
        std::thread{[this] { serve(); }}.detach();
        serving_ = true;
    } catch (const std::system_error&) {
        // No thread can be had: the next call tries again.
    } catch (const std::bad_alloc&) {
        // Likewise.
    }
}

void child_reaper::serve() noexcept {
    for (;;) {
        std::array<epoll_event, 64> ended{};
        const int count = ::epoll_wait(epoll_.get(), ended.data(), static_cast<int>(ended.size()), -1);
        // Only this thread frees orphans, so an event in hand is never of one that is gone.
        std::unique_lock lock{mutex_};
        bool in_vain = true;
        for (int n = 0; n < count; ++n) {
            auto* const orphan = static_cast<child*>(ended[static_cast<std::size_t>(n)].data.ptr);
            if (const auto status = orphan->reap(); status && !*status) continue;
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, orphan->source().descriptor(), nullptr);
            delete orphan;
            --watched_;
            in_vain = false;
        }
        watch_all();
        if (watched_ == 0) {
            serving_ = false;
            return;
        }
        lock.unlock();
        // A program that is traced has ended for all to see, but its tracer is told before we are.
        if (in_vain) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
}

}  // namespace bifilar::detail
