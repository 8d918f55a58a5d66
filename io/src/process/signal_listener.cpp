// The table that the handler walks, and the dispositions of signals. The handler takes no lock and allocates nothing.
// A listener leaves the table before it ends, and waits for handlers that may still see it.
#include "signal_listener.hpp"

#include <bifilar/base/detail/fork_count.hpp>
#include <bifilar/base/detail/spin_lock.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <pthread.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bifilar::detail {

struct signal_slot {
    // Who listens, or null. Written under the table's lock; read by handlers.
    base::atomic<signal_listener*> listener{nullptr};
    // Handlers that may be about to use the listener. Counted by them; awaited by leave.
    base::atomic<std::uint32_t> handlers{0};
};

namespace {

constexpr int max_signals = 64;

// Blocks are never freed, because a handler may walk them at any time.
struct slot_block {
    std::array<signal_slot, 32> slots;
    // The rest of the table, or null. Written once, under the lock; read by handlers.
    base::atomic<slot_block*> next{nullptr};
};

struct signal_table {
    std::mutex mutex;  // Guards what follows but for the atomics. Handlers never take it.
    slot_block first;
    std::array<std::uint32_t, max_signals> listeners{};  // How many there are for each signal.
    std::array<struct sigaction, max_signals> former{};
    // The process whose handlers may touch the descriptors: a forked child shares them with its parent. Written when
    // somebody starts to listen, read by handlers.
    base::atomic<pid_t> process{0};
};

// Never destroyed: signals come until the very end.
signal_table& table() {
    static signal_table& made = *new signal_table;
    return made;
}
// What the handler uses. Written before the handler is installed, never again.
base::atomic<signal_table*> handled{nullptr};

void on_signal(int number) {
    const int kept = errno;
    signal_table& all = *handled.load(base::acquire);  // Pairs with listen_to; so that the table is visible.
    // Relaxed: the number alone counts.
    const bool ours = all.process.load(base::relaxed) == ::getpid();
    // Pairs with free_slot; so that a new block's slots are visible.
    for (slot_block* at = &all.first; ours && at != nullptr; at = at->next.load(base::acquire)) {
        for (signal_slot& slot : at->slots) {
            if (slot.listener.load(base::relaxed) == nullptr) continue;  // Relaxed: a first look.
            // seq_cst, both: either leave sees this handler, or this handler sees that the listener has left.
            slot.handlers.fetch_add(1, base::seq_cst);
            if (signal_listener* const listener = slot.listener.load(base::seq_cst)) listener->note(number);
            slot.handlers.fetch_sub(1, base::release);  // Pairs with leave; so that the use comes before the end.
        }
    }
    errno = kept;
}

// Under the lock, as the rest here. Throws std::bad_alloc.
signal_slot& free_slot(signal_table& all) {
    slot_block* at = &all.first;
    for (;;) {
        for (signal_slot& slot : at->slots)
            if (slot.listener.load(base::relaxed) == nullptr) return slot;  // Relaxed: under the lock.
        slot_block* next = at->next.load(base::relaxed);                    // Relaxed: under the lock.
        if (next == nullptr) {
            next = new slot_block;
            at->next.store(next, base::release);  // Pairs with on_signal.
        }
        at = next;
    }
}

void listen_to(signal_table& all, int number) noexcept {
    const auto at = static_cast<std::size_t>(number - 1);
    if (all.listeners[at]++ != 0) return;
    handled.store(&all, base::release);  // Pairs with on_signal.
    struct sigaction action{};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;  // A fiber's stack may have no room for a handler.
    ::sigaction(number, &action, &all.former[at]);
}

void restore(signal_table& all, int number) noexcept {
    struct sigaction present{};
    ::sigaction(number, nullptr, &present);
    // Somebody else's handler, installed after ours, stays.
    if ((present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != &on_signal) return;
    ::sigaction(number, &all.former[static_cast<std::size_t>(number - 1)], nullptr);
}

template <class Function>
void for_each_signal(signal_mask mask, Function function) noexcept {
    for (; mask != 0; mask &= mask - 1) function(std::countr_zero(mask) + 1);
}

// In a forked child nobody listens: its tasks are not there, and its descriptors are its parent's.
void forget_parents_listeners() noexcept {
    signal_table& all = table();
    for (int number = 1; number <= max_signals; ++number)
        if (std::exchange(all.listeners[static_cast<std::size_t>(number - 1)], 0) != 0) restore(all, number);
    for (slot_block* at = &all.first; at != nullptr; at = at->next.load(base::relaxed)) {  // Relaxed, all: one thread.
        for (signal_slot& slot : at->slots) {
            slot.listener.store(nullptr, base::relaxed);
            slot.handlers.store(0, base::relaxed);
        }
    }
    all.mutex.unlock();
}

bool watch_forks() noexcept {
    return ::pthread_atfork([] { table().mutex.lock(); }, [] { table().mutex.unlock(); }, &forget_parents_listeners) ==
           0;
}

int open_eventfd() {
    const int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made < 0)
        throw std::system_error{errno, std::generic_category(),
                                "waiting for signals: eventfd; raise the limit on open files"};
    return made;
}

}  // namespace

signal_listener::signal_listener(signal_mask wanted)
    : wanted_{wanted}, forks_{base::fork_count()}, source_{new drivers::io_source{open_eventfd()}} {
    [[maybe_unused]] static const bool watched = watch_forks();
    enter();
}

signal_listener::~signal_listener() { leave(); }

void signal_listener::enter() {
    signal_table& all = table();
    const std::lock_guard guard{all.mutex};
    slot_ = &free_slot(all);
    all.process.store(::getpid(), base::relaxed);  // Relaxed: the number alone counts.
    slot_->listener.store(this, base::seq_cst);    // Pairs with on_signal; so that the listener is visible.
    for_each_signal(wanted_, [&](int number) { listen_to(all, number); });
}

void signal_listener::leave() noexcept {
    if (!is_ours()) return;
    signal_table& all = table();
    const std::lock_guard guard{all.mutex};
    for_each_signal(wanted_, [&](int number) {
        if (--all.listeners[static_cast<std::size_t>(number - 1)] == 0) restore(all, number);
    });
    // seq_cst, both: see on_signal. A handler on this very thread has ended when the next line runs.
    slot_->listener.store(nullptr, base::seq_cst);
    while (slot_->handlers.load(base::seq_cst) != 0) base::yield_thread();
}

bool signal_listener::is_ours() const noexcept { return forks_ == base::fork_count(); }

void signal_listener::note(int number) noexcept {
    const signal_mask bit = bit_of(number);
    if ((wanted_ & bit) == 0) return;
    // Pairs with take; so that what was done before the signal is visible to whoever hears of it.
    if ((noted_.fetch_or(bit, base::acq_rel) & bit) != 0) return;  // Who set it writes, or has written.
    const std::uint64_t one = 1;
    (void)!::write(source_->descriptor(), &one, sizeof one);  // Fails only when the counter is full: it is readable.
}

std::optional<int> signal_listener::take() noexcept {
    for (;;) {
        const signal_mask seen = noted_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        if (seen == 0) return std::nullopt;
        // Relaxed: a matter of fairness, which orders nothing.
        const int last = last_.load(base::relaxed);
        const signal_mask later = last < max_signals ? seen >> last << last : 0;
        const int number = std::countr_zero(later != 0 ? later : seen) + 1;
        // Pairs with note.
        if ((noted_.fetch_and(~bit_of(number), base::acq_rel) & bit_of(number)) == 0) continue;
        last_.store(number, base::relaxed);
        return number;
    }
}

}  // namespace bifilar::detail
