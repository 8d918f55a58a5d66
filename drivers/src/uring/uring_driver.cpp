// The io_uring driver. The completion's user_data is the operation; two small numbers stand for our own entries. A ring
// belongs to the thread that made it: others ask for a cancel through a list and an unpark.
#include "uring_driver.hpp"

#include "contract/prefetch_waiter.hpp"
#include "operations/operations.hpp"
#include "uring_ring.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace bifilar::drivers {
namespace {

// user_data of entries that are no operations. Operations are aligned, so no address looks like these.
constexpr std::uint64_t unpark_data = 1;
constexpr std::uint64_t cancel_data = 2;

// So that the tasks that wait for them fit into their worker's ring.
constexpr std::uint32_t max_after_sleep = 128;

// Where a look brings so many completions, the sends of those who wait for them go to the kernel together: one entry
// for all costs less than one for each, but a send waits for the end of the turns of the tasks behind it, or for the
// next tick. Where few come, a send is made at once, which needs no completion.
constexpr std::uint32_t enough_to_collect = 3;

// Between two tries of what the kernel refuses, and how many there are before it is an error.
constexpr base::instant_ns pause_ns = 1'000'000;
constexpr int max_tries = 16;

void prepare_poll(io_uring_sqe& entry, const op& which) noexcept {
    io_uring_prep_poll_add(&entry, which.source->descriptor(), static_cast<unsigned>(poll_events(which.kind)));
}

}  // namespace

uring_driver::uring_driver(unsigned entries) : owner_{::pthread_self()} {
    const int result = open_ring_once_room(ring_, entries);
    if (result < 0)
        throw std::system_error{
            -result, std::generic_category(),
            result == -ENOMEM ? "io_uring may not lock enough memory; raise ulimit -l or choose driver_kind::epoll"
                              : "io_uring; choose driver_kind::epoll"};
    // A forked child gets no copy of the ring's memory: it would move the indices of its parent's ring.
    (void)io_uring_ring_dontfork(&ring_);
    // It blocks, because the ring's read is to wait: a ring answers EAGAIN at once where a descriptor is non-blocking.
    eventfd_ = ::eventfd(0, EFD_CLOEXEC);
    if (eventfd_ < 0) {
        const int error = errno;
        close_ring(ring_);
        throw std::system_error{error, std::generic_category(), "eventfd; raise the limit on open files"};
    }
}

uring_driver::~uring_driver() {
    BIFILAR_CHECK(armed_.empty(), "a ring ends with operations in it; call leave() on its thread");
    // The ring goes before the buffers that were offered to it, because the kernel may write into them until then.
    close_ring(ring_);
    provided_.end(buffers());
    ::close(eventfd_);
}

// Null: the submission queue is full, and the kernel takes nothing from it at the moment.
io_uring_sqe* uring_driver::next_entry() noexcept {
    if (io_uring_sqe* const entry = io_uring_get_sqe(&ring_)) [[likely]]
        return entry;
    flush();
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    refused_ = refused_ || entry == nullptr;
    return entry;
}

// Hands over what is prepared. A kernel that is out of memory or room for completions takes it the next time.
void uring_driver::flush() noexcept {
    if (io_uring_submit(&ring_) < 0) [[unlikely]]
        gather();
}

// After a refusal, for which the kernel did not look for completions either: they make room.
void uring_driver::gather() noexcept { (void)io_uring_get_events(&ring_); }

// Before another try of a thread that has nothing else to do: one that is refused for long must not spin. A sleep that
// a signal or its time limit has ended was not refused.
void uring_driver::pause_after(int result) noexcept {
    if (result >= 0 || result == -EINTR || result == -ETIME) [[likely]]
        return;
    gather();
    std::this_thread::sleep_for(std::chrono::nanoseconds{pause_ns});
}

// False: see next_entry.
bool uring_driver::prepare(op& which) noexcept {
    io_uring_sqe* const entry = next_entry();
    if (entry == nullptr) [[unlikely]]
        return false;
    which.waits_for_readiness ? prepare_poll(*entry, which) : prepare_call(*entry, which);
    io_uring_sqe_set_data(entry, &which);
    add_in_flight();
    return true;
}

void uring_driver::prepare_call(io_uring_sqe& entry, op& which) noexcept {
    offered_buffers offered{ring_, buffers(), provided_};
    bool waits_in_call = false;
    with_operation(
        which.kind,
        [&]<class Operation>(Operation) {
            constexpr bool prepares = requires { Operation::prepare(entry, which, offered); };
            static_assert(prepares == (Operation::waits != ring_wait::readiness),
                          "an operation prepares an entry exactly if a ring does more for it than poll");
            if constexpr (prepares) waits_in_call = Operation::prepare(entry, which, offered);
        },
        operations{});
    if (!waits_in_call) prepare_poll(entry, which);
}

call_result uring_driver::start(op& which, waker_ref waits) noexcept {
    which.on = this;
    which.collected = collects_sends_ && which.kind == op_kind::send;
    const call_result result = begin(which, waits);
    if (result && *result == -EBUSY) [[unlikely]]
        return begin_behind(which, waits);
    return result;
}

// A send that is under way on the stream and was only collected: tried, it would be over by now.
[[gnu::noinline]] call_result uring_driver::begin_behind(op& which, waker_ref waits) noexcept {
    if (reads(which.kind)) return -EBUSY;
    {
        io_source& source = *which.source;
        const std::lock_guard guard{source.lock};
        const op* const first = source.waiting[io_source::out];
        if (first != nullptr && !first->collected) return -EBUSY;
        if (first != nullptr && first->on != this) {
            // Another thread has collected it: the two are side by side, and neither comes before the other.
            const int result = call_now(which);
            return would_wait(result) ? -EBUSY : result;
        }
    }
    flush();
    {
        wake_batch batch;
        reap(batch);
    }
    return begin(which, waits);
}

[[gnu::always_inline]] inline call_result uring_driver::begin(op& which, waker_ref waits) noexcept {
    {
        io_source& source = *which.source;
        const std::lock_guard guard{source.lock};
        // A send that is collected is not tried: only another operation in its place refuses it.
        const int result = which.collected ? source.refusal(which.kind) : attempt_now(which);
        if (which.collected ? result == -EBUSY : !would_wait(result)) return result;
        source.enter(which, waits);
    }
    // Outside of the lock: only this thread completes the operation, so nobody can end it before it has its entry.
    which.waits_for_readiness = false;
    if (!prepare(which)) [[unlikely]]
        return begin_refused(which);
    return std::nullopt;
}

// Room for completions is made here, and memory may come back. A kernel that goes on refusing is an error of this call:
// its thread has others to look after.
[[gnu::noinline]] call_result uring_driver::begin_refused(op& which) noexcept {
    for (int tries = 0; tries < max_tries; ++tries) {
        {
            wake_batch batch;
            reap(batch);
        }
        if (prepare(which)) return std::nullopt;
        pause_after(-EAGAIN);
    }
    {
        const std::lock_guard guard{which.source->lock};
        which.source->waiting[io_source::side_of(which.kind)] = nullptr;
    }
    // No task is woken, for the caller gets the error as its answer; the node is idle again.
    which.complete_unwaited();
    which.rewind();
    return -ENOBUFS;
}

// False: see next_entry.
bool uring_driver::prepare_cancel(op& which) noexcept {
    io_uring_sqe* const entry = next_entry();
    if (entry == nullptr) [[unlikely]]
        return false;
    io_uring_prep_cancel(entry, &which, 0);
    entry->user_data = cancel_data;
    cancels_ = true;
    return true;
}

void uring_driver::cancel(op& which) noexcept {
    // Another thread may not touch the ring, and this one may have no entry left. Both use the list, from which
    // take_requests prepares the cancel later.
    const bool ours = ::pthread_equal(owner_, ::pthread_self()) != 0;
    if (ours && (which.now() != op::phase::in_flight || prepare_cancel(which))) return;
    requests_.add(which);
    if (!ours) unpark();
}

void uring_driver::take_requests() noexcept {
    // Set again by prepare_cancel when there is still no entry.
    refused_ = false;
    requests_.take([this](op& which) { return prepare_cancel(which); });
}

void uring_driver::finish(op& which) noexcept {
    if (::pthread_equal(owner_, ::pthread_self()) == 0) return finish_elsewhere(which);
    for (;;) {
        take_requests();  // The operation's own may be among them.
        if (which.at_rest()) return;
        wait(base::never);
        // Tasks whose operations end meanwhile are only queued: none runs inside of a destructor.
        wake_batch batch;
        reap(batch);
    }
}

// False: see next_entry; nobody can wake this thread then.
bool uring_driver::listen_for_unparks() noexcept {
    if (listening_) return true;
    io_uring_sqe* const entry = next_entry();
    if (entry == nullptr) [[unlikely]]
        return false;
    io_uring_prep_read(entry, eventfd_, &eventfd_count_, sizeof eventfd_count_, 0);
    entry->user_data = unpark_data;
    return listening_ = true;
}

void uring_driver::park(base::instant_ns deadline) noexcept {
    if (!listen_for_unparks()) [[unlikely]] {
        // No unpark can end this sleep, but refused_ is set, and bounds it.
        wait(deadline);
        return poll();
    }
    // Told before it slept: there is something for this thread where it looks next.
    if (!sleeps_.fall_asleep()) return poll();
    wait(deadline);
    // First of all, so that those who unpark this thread from here on make no system call.
    sleeps_.wake_up();
    wake_batch batch;
    reap(batch, max_after_sleep);
    // Before the call, which hands the prepared cancels over as well.
    take_requests();
    // Who asked may wait for it, in a destructor, while this worker runs something long.
    if (cancels_ && io_uring_sq_ready(&ring_) != 0) flush();
}

void uring_driver::poll_some(std::uint32_t most) noexcept {
    take_requests();
    // Somebody waits for those, in a destructor maybe, and their ends come last.
    if (std::exchange(cancels_, false)) most = all;
    provided_.top_up(ring_, buffers());
    if ((in_flight() != 0 || io_uring_sq_ready(&ring_) != 0) && io_uring_submit_and_get_events(&ring_) < 0) [[unlikely]]
        gather();
    wake_batch batch;
    reap(batch, most);
}

void uring_driver::wait(base::instant_ns deadline) noexcept {
    provided_.top_up(ring_, buffers());
    // What a cancel is to end may never end without it, and an unpark has to be heard.
    if (refused_) [[unlikely]]
        deadline = std::min(deadline, base::now_ns() + pause_ns);
    if (deadline == base::never) {
        pause_after(io_uring_submit_and_wait(&ring_, 1));
        return;
    }
    // A limit that takes no entry of its own needs IORING_FEAT_EXT_ARG (Linux 5.11), which probe_uring demands.
    const base::instant_ns left = std::max<base::instant_ns>(deadline - base::now_ns(), 0);
    __kernel_timespec limit{left / 1'000'000'000, left % 1'000'000'000};
    io_uring_cqe* first = nullptr;
    pause_after(io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr));
}

// An eventfd rather than a message from ring to ring: threads without a ring wake this one too, and neither is sooner
// (experiments/io, wakes).
void uring_driver::unpark() noexcept {
    if (!sleeps_.tell()) return;
    const std::uint64_t one = 1;
    (void)!::write(eventfd_, &one, sizeof one);
}

// Whether the completion says that a call may succeed now, rather than what the call's result is.
bool uring_driver::waited_for_readiness(const op& which, const io_uring_cqe& cqe) noexcept {
    // Nobody asked for it: the kernel wanted a thread of its own for the call and could not have one, since signals
    // interrupt its making, or the user's threads are at their limit. It has not begun the call.
    if (cqe.res == -ECANCELED && !which.cancel_asked()) return true;
    if (which.waits_for_readiness) return cqe.res >= 0;
    // A receive that has no buffer waited without one, or there was none left for it, or is at the stream's end.
    if (which.kind == op_kind::recv_pooled)
        return (cqe.flags & IORING_CQE_F_BUFFER) == 0 && (cqe.res > 0 || cqe.res == -ENOBUFS);
    return cqe.res >= 0 && traits_of(which.kind).waits == ring_wait::readiness;
}

void uring_driver::end(op& which, const io_uring_cqe& cqe, wake_batch& batch) noexcept {
    int result = cqe.res;
    // A call on a file has no source: nothing to lock, and no readiness.
    if (which.kind == op_kind::file_call) {
        note(which.kind, result);
        return which.complete(result, batch);
    }
    // The kernel has taken this buffer out of its ring, whatever the result is: it needs an owner again.
    if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) which.arguments.target() = provided_.chosen(cqe, buffers());
    {
        io_source& source = *which.source;
        const std::lock_guard guard{source.lock};
        if (waited_for_readiness(which, cqe)) {
            source.ready[io_source::side_of(which.kind)] = true;
            note_hang_up(which, cqe.res);
            result = op::worth_a_try;
        } else {
            // The call is a moment old. Where another runtime's epoll instance has told of more since, that holds; so
            // does what was said of a send that was not tried.
            bool& ready = source.ready[io_source::side_of(which.kind)];
            const bool told = ready;
            source.learn(which, result);
            ready = ready || told;
            // Somebody else was faster; or a signal came, or, to what runs already, a cancel. Unless a cancel is on its
            // way, it waits again.
            const bool again = would_wait(result) || result == -EINTR;
            // A kernel may refuse to wait at all, when somebody else has made the descriptor non-blocking: the same
            // call would be refused at once, for ever.
            which.waits_for_readiness = would_wait(result);
            which.collected = false;
            if (again && !which.cancel_asked()) {
                if (prepare(which)) [[likely]]
                    return;
                result = op::worth_a_try;  // From the beginning, and by its task, which can be told of a failure.
            } else if (again) {
                result = -ECANCELED;
            }
        }
        // Before the task may run, which finds the place free for its next operation.
        source.waiting[io_source::side_of(which.kind)] = nullptr;
    }
    // Outside of the lock: a task that runs already may see the end at once, and free the source with its lock.
    prefetch_waiter(which.waits(), &which);
    which.complete(result, batch);
}

void uring_driver::reap(wake_batch& batch, std::uint32_t most) noexcept {
    std::uint32_t reaped = 0;
    while (reaped != most) {
        io_uring_cqe* at[64];
        const unsigned count = io_uring_peek_batch_cqe(&ring_, at, std::min(most - reaped, 64u));
        if (count == 0) break;
        reaped += count;
        for (unsigned n = 0; n < count; ++n) base::prefetch(at[n]->user_data, sizeof(multishot_op));
        for (unsigned n = 0; n < count; ++n) {
            const io_uring_cqe cqe = *at[n];
            if (cqe.user_data == unpark_data) listening_ = false;
            // The answer to a cancel says nothing: what it was to end has a completion of its own.
            if (cqe.user_data <= cancel_data) continue;
            op& which = *reinterpret_cast<op*>(cqe.user_data);
            // A multishot operation stays in flight until a completion says that no more follow.
            if ((cqe.flags & IORING_CQE_F_MORE) == 0) end_in_flight();
            is_multishot(which.kind) ? end_multishot(static_cast<multishot_op&>(which), cqe, batch)
                                     : end(which, cqe, batch);
        }
        // After the last look at them: the kernel may write into these places from here on.
        io_uring_cq_advance(&ring_, count);
    }
    // A look that has found nothing says nothing about the load.
    if (reaped != 0) collects_sends_ = reaped >= enough_to_collect;
    // Relaxed: the kernel counts there what it had no memory to tell; nothing is read by it.
    BIFILAR_CHECK(__atomic_load_n(ring_.cq.koverflow, __ATOMIC_RELAXED) == 0,
                  "io_uring has lost a completion, because the kernel had no memory for it, and whoever waits for it "
                  "would wait for ever; give the system more memory or choose driver_kind::epoll");
}

}  // namespace bifilar::drivers
