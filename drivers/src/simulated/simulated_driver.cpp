// What a simulated kernel does in each turn. Memory for the lists is taken at the start, where its lack is an answer.
#include "simulated_driver.hpp"

#include "operations/operations.hpp"
#include "operations/short_transfer.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <optional>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bifilar {

template <class Change>
void simulated_kernel::count(Change change) noexcept {
    const std::lock_guard guard{lock_};
    change(counts_);
}

}  // namespace bifilar

namespace bifilar::drivers {
namespace {

// Behind it there is only what never comes.
constexpr base::instant_ns last_moment = base::never - 1;

pollfd polled(const op& which) noexcept { return {which.source->descriptor(), poll_events(which.kind), 0}; }

}  // namespace

simulated_driver::simulated_driver(simulated_kernel& kernel)
    : kernel_{kernel}, chances_{kernel.attach()}, owner_{::pthread_self()} {
    try {
        // Room for the eventfd, so that a sleep needs no memory.
        polled_.reserve(1);
        eventfd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (eventfd_ < 0)
            throw std::system_error{errno, std::generic_category(), "eventfd; raise the limit on open files"};
    } catch (...) {
        // The destructor does not run for what was not made.
        kernel_.detach();
        throw;
    }
}

simulated_driver::~simulated_driver() {
    ::close(eventfd_);
    kernel_.detach();
}

// Where delays add up to more than all time, everything that is left ends at the last moment.
base::instant_ns simulated_driver::later(op_kind kind) noexcept {
    const simulated_kernel_options& options = kernel_.options();
    const std::chrono::nanoseconds delay{
        chances_.nanoseconds(chances::subject_of(kind), options.least_delay, options.max_delay)};
    return std::min(base::after(now(), delay), last_moment);
}

// The errno that a call is to fail with; 0: none.
int simulated_driver::fault_of(op_kind kind, std::optional<file_op> file) noexcept {
    base::baton* const simulation = chances_.simulation();
    if (simulation == nullptr) return kernel_.next_fault({kind, file}, chances_.draw());
    // Those that are counted come as they were planned; of the others each is a decision.
    constexpr double never_drawn = 2;
    if (const int error = kernel_.next_fault({kind, file}, never_drawn); error != 0) return error;
    const std::uint32_t subject = file ? chances::subject_of(*file) : chances::subject_of(kind);
    const auto error =
        static_cast<int>(simulation->by().decide(base::decision_kind::fault, subject, [&](std::uint64_t bits) {
            return static_cast<std::uint64_t>(kernel_.drawn_fault({kind, file}, base::decisions::unit(bits)));
        }));
    if (error != 0) kernel_.count([](auto& counts) { ++counts.faults; });
    return error;
}

// Makes the call before it waits, as other drivers do. Under the source's lock.
int simulated_driver::attempt(op& which) noexcept {
    io_source& source = *which.source;
    if (const int no = source.refusal(which.kind); no != 0) return no;
    // Not where the wait would never end: a FIFO that nobody has written yet is at its end without being ready.
    const short ready = reads(which.kind) ? POLLIN : POLLOUT;
    const bool waits = chances_.happens(base::decision_kind::would_wait, chances::subject_of(which.kind),
                                        kernel_.options().would_wait) &&
                       ready_for(source.descriptor(), ready) == 0;
    const int result = waits ? -EAGAIN : call(which);
    // Number 0: it never became an entry.
    if (!would_wait(result)) record(0, which, result);
    source.learn(which, result);
    return result;
}

call_result simulated_driver::start(op& which, waker_ref waits) noexcept {
    which.on = this;
    {
        io_source& source = *which.source;
        const std::lock_guard guard{source.lock};
        const int result = attempt(which);
        if (!would_wait(result)) return result;
        if (chances_.happens(base::decision_kind::refusal, chances::subject_of(which.kind),
                             kernel_.options().refused_waits)) {
            kernel_.count([](auto& counts) { ++counts.refused; });
            return -ENOBUFS;
        }
        // Before enter, behind which the operation cannot be refused any more.
        if (!make_room()) return -ENOMEM;
        source.enter(which, waits);
    }
    // Outside of the lock, because the list is this thread's. The number is a part of the trace.
    entries_.push_back({&which, ++submitted_});
    kernel_.count([](auto& counts) { ++counts.submitted; });
    return std::nullopt;
}

// For one more operation, so that its turns need no memory.
bool simulated_driver::make_room() noexcept {
    try {
        entries_.reserve(entries_.size() + 1);
        ripe_.reserve(entries_.capacity());
        polled_.reserve(entries_.capacity() + 1);
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

void simulated_driver::cancel(op& which) noexcept {
    // The entries belong to the owner; other threads ask by way of the list.
    if (::pthread_equal(owner_, ::pthread_self()) != 0) {
        if (which.now() == op::phase::in_flight) mark_cancelled(which);
        return;
    }
    requests_.add(which);
    unpark();
}

void simulated_driver::mark_cancelled(op& which) noexcept {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const entry& one) { return one.which == &which; });
    BIFILAR_ASSERT(found != entries_.end(), "an operation in flight is in its driver's list");
    const simulated_kernel_options& options = kernel_.options();
    const std::uint32_t subject = chances::subject_of(which.kind);
    found->at = stage::cancelled;
    // Each chance draws a number, so the order of these lines is part of what a seed means.
    found->succeeds = chances_.happens(base::decision_kind::success, subject, options.cancelled_successes);
    // A late cancel: the task waits, as it does for a kernel that is busy with the operation.
    const std::int64_t late = chances_.late_end(subject, options.late_cancels, options.least_delay, options.max_delay);
    found->due_at = base::after(now(), std::chrono::nanoseconds{late});
}

void simulated_driver::take_requests() noexcept {
    requests_.take([this](op& which) {
        // Never refused: to mark one takes no place in a queue of the kernel's.
        mark_cancelled(which);
        return true;
    });
}

void simulated_driver::finish(op& which) noexcept {
    if (::pthread_equal(owner_, ::pthread_self()) == 0) {
        // So that the owner ends it without its delay, as below. Relaxed: the unpark orders it.
        hurries_.fetch_add(1, base::relaxed);
        unpark();
        finish_elsewhere(which);
        hurries_.fetch_sub(1, base::relaxed);  // Relaxed: an owner that still sees it ends others' cancels sooner.
        return;
    }
    for (;;) {
        take_requests();  // The operation's own may be among them.
        if (which.at_rest()) return;
        // Nothing else can run here, time cannot wait for it either: a cancelled operation ends without its delay.
        const auto found =
            std::find_if(entries_.begin(), entries_.end(), [&](const entry& one) { return one.which == &which; });
        if (found != entries_.end() && found->at == stage::cancelled) found->due_at = now();
        (void)turn();
    }
}

void simulated_driver::park(base::instant_ns deadline) noexcept {
    if (!sleeps_.fall_asleep()) {
        if (clock_ == nullptr) poll_idle();
        return;
    }
    // On a simulated clock the worker rests now: others read the entries. What comes waits for poll_idle.
    if (clock_ != nullptr) {
        wait(deadline);
        sleeps_.wake_up();
        return;
    }
    take_requests();
    // Until something has ended: time moves to the next completion, or a descriptor or an unpark has to come first.
    while (!turn()) {
        const base::instant_ns next = earliest();
        if (next == base::never) {
            wait(deadline);
            break;
        }
        // An idle worker passes over the delay: on its own time nothing can happen in between.
        own_time_ = std::max(own_time_, next);
    }
    // First, so that those who unpark this thread from here on make no system call.
    sleeps_.wake_up();
    take_requests();
    (void)turn();
}

void simulated_driver::poll_some(std::uint32_t) noexcept {
    constexpr std::uint32_t max_polls = 64;
    // On a simulated clock how often this is called must not decide what happens; see the header.
    if (clock_ != nullptr && ++polls_ < max_polls && !looks_early()) return take_requests();
    poll_idle();
}

void simulated_driver::poll_idle() noexcept {
    simulated_clock* const clock = detail::this_thread().clock;
    simulated_clock* const automatic =
        clock != nullptr && clock->how() == simulated_clock::mode::automatic ? clock : nullptr;
    // Only where it changes: while the worker rests, other threads read it (next_due).
    if (clock_ != automatic) clock_ = automatic;
    polls_ = 0;
    take_requests();
    (void)turn();
}

base::instant_ns simulated_driver::next_due() const noexcept { return clock_ != nullptr ? earliest() : base::never; }

base::instant_ns simulated_driver::earliest() const noexcept {
    base::instant_ns found = base::never;
    for (const entry& one : entries_) found = std::min(found, one.due_at);
    return found;
}

void simulated_driver::unpark() noexcept {
    if (!sleeps_.tell()) return;
    if (chances_.simulation() != nullptr) return chances_.simulation()->wake(this);
    const std::uint64_t one = 1;
    (void)!::write(eventfd_, &one, sizeof one);  // Fails only when the counter is full, and then it is readable.
}

// Sleeps until a descriptor that an operation waits for is ready, or an unpark comes.
void simulated_driver::wait(base::instant_ns deadline) noexcept {
    // The eventfd is one of them, so that an unpark ends the sleep.
    polled_.assign(1, pollfd{eventfd_, POLLIN, 0});
    for (const entry& one : entries_)
        if (one.at == stage::waiting) polled_.push_back(polled(*one.which));
    if (chances_.simulation() != nullptr)
        return chances_.simulation()->park(this, polled_.size() > 1 ? &is_ready : nullptr, this,
                                           deadline != base::never);
    timespec limit{};
    if (deadline != base::never) {
        const base::instant_ns left = std::max<base::instant_ns>(deadline - base::now_ns(), 0);
        limit = {static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    }
    (void)::ppoll(polled_.data(), polled_.size(), deadline == base::never ? nullptr : &limit, nullptr);
    // The counter is emptied, or else the next sleep would end at once.
    std::uint64_t count = 0;
    (void)!::read(eventfd_, &count, sizeof count);
}

void simulated_driver::mark_ready() noexcept {
    polled_.clear();
    for (const entry& one : entries_)
        if (one.at == stage::waiting) polled_.push_back(polled(*one.which));
    if (polled_.empty() || ::poll(polled_.data(), polled_.size(), 0) <= 0) return;
    // polled_ has been filled in the order of entries_, so both are walked side by side.
    auto seen = polled_.begin();
    for (entry& one : entries_) {
        if (one.at != stage::waiting) continue;
        const short events = (seen++)->revents;
        if (events == 0) continue;
        {
            const std::lock_guard guard{one.which->source->lock};
            note_hang_up(*one.which, events);
        }
        one.at = stage::due;
        one.due_at = later(one.which->kind);
    }
}

bool simulated_driver::turn() noexcept {
    // A turn is a microsecond, see simulated_kernel_options::least_delay.
    own_time_ = own_time_ < last_moment - 1'000 ? own_time_ + 1'000 : last_moment;
    if (entries_.empty()) return false;
    // First, so that what has become ready may end in this very turn.
    mark_ready();
    const base::instant_ns present = now();
    if (hurries_.load(base::relaxed) != 0)  // Relaxed: see finish.
        for (entry& one : entries_)
            if (one.at == stage::cancelled) one.due_at = std::min(one.due_at, present);
    ripe_.clear();
    for (std::size_t n = 0; n < entries_.size(); ++n)
        if (entries_[n].due_at <= present) ripe_.push_back(n);
    if (ripe_.empty()) return false;
    // A shuffle after Fisher and Yates, drawn from the seed.
    if (kernel_.options().reorder)
        for (std::size_t left = ripe_.size(); left > 1; --left)
            std::swap(ripe_[left - 1], ripe_[chances_.before(left)]);
    wake_batch batch;
    bool ended = false;
    for (const std::size_t n : ripe_) ended |= advance(entries_[n], batch);
    // Behind the loop, because ripe_ has places in the list.
    std::erase_if(entries_, [](const entry& one) { return one.which == nullptr; });
    return ended;
}

// An operation whose time has come. True when it is over.
bool simulated_driver::advance(entry& one, wake_batch& batch) noexcept {
    int result = -ECANCELED;
    {
        io_source& source = *one.which->source;
        const std::lock_guard guard{source.lock};
        if (one.at == stage::due) {
            if (chances_.happens(base::decision_kind::interrupt, chances::subject_of(one.which->kind),
                                 kernel_.options().interrupts)) {
                // It stays due, so that the next turn makes the call again, as after a signal.
                kernel_.count([](auto& counts) { ++counts.interrupted; });
                return false;
            }
            result = call(*one.which);
            if (would_wait(result)) {  // Somebody else was faster.
                one.at = stage::waiting;
                one.due_at = base::never;
                return false;
            }
        } else if (one.succeeds) {
            // Cancelled too late: carried out after all, unless it would still have to wait.
            result = call(*one.which);
            if (would_wait(result)) result = -ECANCELED;
        }
        // ECANCELED says nothing of the descriptor: by learn's rule the next call is tried.
        source.learn(*one.which, result);
        // Before the task may run, which finds the place free for its next operation.
        source.waiting[io_source::side_of(one.which->kind)] = nullptr;
    }
    finish_entry(one, result, batch);
    return true;
}

void simulated_driver::finish_entry(entry& one, int result, wake_batch& batch) noexcept {
    // A mark for turn, which erases the entry. The node may be gone after complete, so it is recorded before.
    op& which = *std::exchange(one.which, nullptr);
    record(one.number, which, result);
    const bool was_cancelled = one.at == stage::cancelled;
    kernel_.count([&](auto& counts) {
        ++(result == -ECANCELED ? counts.cancelled : counts.completed);
        if (was_cancelled && result != -ECANCELED) ++counts.completed_though_cancelled;
    });
    which.complete(result, batch);
}

int simulated_driver::call(op& which) noexcept {
    // A call that is to fail does nothing, as one of a real kernel.
    if (const int error = fault_of(which.kind, std::nullopt); error != 0) return -error;
    std::optional<short_transfer> cut;
    const std::size_t least = kernel_.options().least_cut_bytes;
    const std::size_t left =
        chances_.cut(chances::subject_of(which.kind), kernel_.options().short_transfers, least,
                     [&] { return may_be_cut(which, least) ? bytes_to_cut(which) : std::size_t{0}; });
    if (left != 0) {
        cut.emplace(which, left);
        kernel_.count([](auto& counts) { ++counts.cut; });
    }
    // The cut, if there is one, is undone at the end of the scope, behind the call.
    return try_now(which);
}

int simulated_driver::admit_file(file_request& what) noexcept {
    if (const int error = fault_of(op_kind::file_call, what.kind); error != 0) {
        if (what.kind == file_op::close) (void)make_call(what);  // It closes whatever it says.
        return -error;
    }
    const std::size_t least = kernel_.options().least_cut_bytes;
    const std::size_t left = chances_.cut(chances::subject_of(what.kind), kernel_.options().short_transfers, least,
                                          [&] { return may_be_cut(what, least) ? what.bytes : std::size_t{0}; });
    if (left != 0) {
        what.bytes = left;
        kernel_.count([](auto& counts) { ++counts.cut; });
    }
    return 0;
}

}  // namespace bifilar::drivers
