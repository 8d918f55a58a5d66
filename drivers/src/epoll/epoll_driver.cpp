// The epoll driver. epoll_pwait2 (Linux 5.11) gives nanoseconds; older kernels, and filters of system calls that do
// not know it, get milliseconds, rounded up.
#include "epoll_driver.hpp"

#include "contract/prefetch_waiter.hpp"
#include "operations/operations.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/valgrind.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <mutex>
#include <new>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace bifilar::drivers {

struct epoll_driver::events {
    std::array<epoll_event, 128> at;
    bool nanoseconds = !base::on_valgrind();  // Until the call is refused; Valgrind would say so at length.
};

epoll_driver::epoll_driver() : events_{std::make_unique<events>()} {
    owned_descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
    if (!epoll) throw std::system_error{errno, std::generic_category(), "epoll_create1; raise the limit on open files"};
    owned_descriptor wakes{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!wakes) throw std::system_error{errno, std::generic_category(), "eventfd; raise the limit on open files"};
    // Null stands for the eventfd; all other events carry the address of their source.
    epoll_event event{EPOLLIN | EPOLLET, {nullptr}};
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakes.get(), &event) != 0)
        throw std::system_error{errno, std::generic_category(),
                                "epoll_ctl; raise fs.epoll.max_user_watches, if there is no space left"};
    const sched::worker* const worker = detail::this_thread().worker;
    // The workers of a runtime are one group; a plain thread is a group of its own.
    group_ = worker != nullptr ? static_cast<const void*>(&worker->owner()) : this;
    home_ = std::make_shared<epoll_home>(epoll.get(), group_);
    epoll_ = epoll.release();
    eventfd_ = wakes.release();
}

epoll_driver::~epoll_driver() {
    // First, so that no source is taken out of a descriptor whose number may be somebody else's by then.
    home_->close();
    ::close(eventfd_);
    ::close(epoll_);
}

call_result epoll_driver::start(op& which, waker_ref waits) noexcept {
    which.on = this;
    io_source& source = *which.source;
    // From the try to the entry: an event that comes in between waits for the lock, and then finds the operation.
    const std::lock_guard guard{source.lock};
    const int result = attempt_now(which);
    if (!would_wait(result)) return result;
    if (!knows(source)) [[unlikely]] {
        // What has come since the attempt is an event as well; whoever has it waits for the lock.
        if (const int error = adopt(source); error != 0) return error;
    }
    source.enter(which, waits);
    started_.add();
    return std::nullopt;
}

// Under the source's lock: whether its events come to this driver, or to one whose thread polls for this one's.
bool epoll_driver::knows(const io_source& source) const noexcept {
    // The own one, which is open, without a look into it.
    return source.homes.start_with(home_) || source.homes.serve(group_);
}

// Under the source's lock: makes the source known to this epoll instance too. Those that know it already go on
// reporting its events, for the operations of their own threads; an event too many makes a call in vain.
int epoll_driver::adopt(io_source& source) noexcept {
    try {
        // Before the registration: once the kernel may report the source, it must be possible to note that.
        source.homes.make_room();
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
    const int result = home_->watch(source);
    if (result == 0) source.homes.add(home_);
    return result;
}

void epoll_driver::cancel(op& which) noexcept {
    wake_batch batch;  // Outlives the guard.
    io_source& source = *which.source;
    const std::lock_guard guard{source.lock};
    op*& waiting = source.waiting[io_source::side_of(which.kind)];
    // An event was faster: another thread has completed it, or is about to.
    if (waiting != &which) return;
    waiting = nullptr;
    ended_elsewhere_.fetch_add(1, base::relaxed);  // Relaxed: a count.
    which.complete(-ECANCELED, batch);
}

// An operation leaves the driver that it waits in, by an event of this one.
void epoll_driver::count_end(const op& which) noexcept {
    if (which.on == this)
        ended_.add();
    else
        static_cast<epoll_driver*>(which.on)->ended_elsewhere_.fetch_add(1, base::relaxed);  // Relaxed: a count.
}

void epoll_driver::finish(op& which) noexcept {
    // A cancelled operation is over when cancel returns, or another thread is just completing it.
    while (!which.at_rest()) base::yield_thread();
}

void epoll_driver::park(base::instant_ns deadline) noexcept {
    if (!sleeps_.fall_asleep()) return poll();
    wake_batch batch;
    const int count = wait(deadline);
    sleeps_.wake_up();
    reap(count, batch);
}

void epoll_driver::poll_some(std::uint32_t most) noexcept {
    wake_batch batch;
    // Before the kernel is asked: no event is in hand now, and none that comes can name what is freed here.
    home_->free_all();
    const auto room = static_cast<std::uint32_t>(events_->at.size());
    reap(::epoll_wait(epoll_, events_->at.data(), static_cast<int>(std::min(most, room)), 0), batch);
}

// An eventfd, for a pipe costs no less within the noise, see experiments/io, and takes two descriptors.
void epoll_driver::unpark() noexcept {
    if (!sleeps_.tell()) return;
    const std::uint64_t one = 1;
    (void)!::write(eventfd_, &one, sizeof one);  // Fails only when the counter is full, and then it is readable.
}

int epoll_driver::wait(base::instant_ns deadline) noexcept {
    // As in poll_some.
    home_->free_all();
    const int most = static_cast<int>(events_->at.size());
    if (deadline == base::never) return ::epoll_wait(epoll_, events_->at.data(), most, -1);
    const base::instant_ns left = std::max<base::instant_ns>(deadline - base::now_ns(), 0);
    if (events_->nanoseconds) {
        const timespec limit{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
        const int count = ::epoll_pwait2(epoll_, events_->at.data(), most, &limit, nullptr);
        if (count >= 0 || errno == EINTR) return count;
        // ENOSYS, or what a filter of system calls says. Any other error would come from the older call as well.
        events_->nanoseconds = false;
    }
    // Rounded up: a sleep that ends before its deadline would be begun again and again.
    const base::instant_ns ms =
        std::min<base::instant_ns>((left + 999'999) / 1'000'000, std::numeric_limits<int>::max());
    return ::epoll_wait(epoll_, events_->at.data(), most, static_cast<int>(ms));
}

void epoll_driver::reap(int count, wake_batch& batch) noexcept {
    // Much has gone through the caches since the sources were looked at last.
    for (int n = 0; n < count; ++n)
        base::prefetch(events_->at[static_cast<std::size_t>(n)].data.ptr, sizeof(io_source));
    for (int n = 0; n < count; ++n) {
        const epoll_event& event = events_->at[static_cast<std::size_t>(n)];
        if (event.data.ptr == nullptr)
            drain_eventfd();
        else
            on_event(*static_cast<io_source*>(event.data.ptr), event.events, batch);
    }
}

void epoll_driver::drain_eventfd() noexcept {
    std::uint64_t count = 0;
    (void)!::read(eventfd_, &count, sizeof count);
}

void epoll_driver::on_event(io_source& source, std::uint32_t events, wake_batch& batch) noexcept {
    // The source outlives the hold of its lock, also when its owner closes it meanwhile: only this thread frees what it
    // may have events for (epoll_home::free_all).
    const std::lock_guard guard{source.lock};
    constexpr std::uint32_t ended = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    // No other edge may come behind the end, so it is noted for all later reads. An error alone is no end: a datagram
    // socket goes on behind the one that an unreachable peer has caused.
    if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) source.hung_up = true;
    // Urgent data: a read stops at its mark, and a short one does not say that nothing is left.
    if ((events & EPOLLPRI) != 0) source.short_read_drains = false;
    const auto serve = [&](std::size_t side, std::uint32_t wanted) {
        if ((events & (wanted | ended)) == 0) return;
        // Also without an operation that waits: the next one is tried, and not parked behind an edge that is over.
        source.ready[side] = true;
        op* const which = source.waiting[side];
        // What another kind of driver has is in its kernel's hands: the descriptor came from an epoll runtime to there.
        if (which == nullptr || (which->on != this && which->on->kind() != driver_kind::epoll)) return;
        source.waiting[side] = nullptr;
        count_end(*which);
        prefetch_waiter(which->waits(), which);
        // The task makes the call itself, which brings the bytes into the cache of the processor that uses them.
        which->complete(op::worth_a_try, batch);
    };
    serve(io_source::in, EPOLLIN);
    serve(io_source::out, EPOLLOUT);
}

}  // namespace bifilar::drivers
