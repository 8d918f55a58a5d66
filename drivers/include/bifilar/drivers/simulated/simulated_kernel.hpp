// A kernel for tests that decides on the time, the order and the failures of I/O; the descriptors are real. Of calls on
// files and paths it decides on failures and sizes alone.
// After the simulations of FoundationDB and TigerBeetle; what it decides follows from its seed.
#pragma once

#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/drivers/contract/detail/op.hpp>
#include <bifilar/drivers/contract/file_op.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace bifilar {

namespace drivers {
class simulated_driver;
}

/// Shares are probabilities from 0 to 1.
struct simulated_kernel_options {
    /// The same seed makes the same decisions.
    std::uint64_t seed = 1;
    /// How long an operation that waited takes from the moment at which its descriptor is ready, evenly distributed.
    /// On a simulated_clock that is automatic in its time, which then stops for each completion that the worker with
    /// the operation knows of; what becomes ready by another's hand may come after a timer. Else in the driver's own: a
    /// turn of the driver is a microsecond, and an idle worker passes over the rest, so that delays decide on
    /// the order of completions alone.
    std::chrono::nanoseconds least_delay{0};
    /// The longest delay.
    std::chrono::nanoseconds max_delay{0};
    /// Immediate attempts that are answered with "would wait", whatever the descriptor says.
    double would_wait = 0;
    /// Transfers that are cut to a random smaller part: those of streams, pipes and regular files, where POSIX allows
    /// it. Writes that a pipe takes as a whole or not at all stay whole, and so do those past the page cache.
    double short_transfers = 0;
    /// What a cut leaves at the least, in bytes; calls on no more than that, in their first buffer, are never cut.
    std::size_t least_cut_bytes = 1;
    /// Calls that a signal interrupts, and that are made again.
    double interrupts = 0;
    /// Cancelled operations that end only after a delay. The others end at the driver's next turn.
    double late_cancels = 0;
    /// Cancelled operations that are carried out nevertheless, if they can be without waiting, and end with success.
    double cancelled_successes = 0;
    /// Operations that would have to wait and are refused with ENOBUFS, as by a kernel whose queues are full.
    double refused_waits = 0;
    /// Operations that end in the same turn end in random order, instead of that of their submission.
    bool reorder = false;
};

/// What happened so far.
struct simulated_kernel_counts {
    std::uint64_t submitted = 0;                   ///< Operations that did not end at once.
    std::uint64_t completed = 0;                   ///< Those that ended otherwise than with ECANCELED.
    std::uint64_t cancelled = 0;                   ///< Those that ended with ECANCELED.
    std::uint64_t completed_though_cancelled = 0;  ///< Part of completed.
    std::uint64_t cut = 0;                         ///< Transfers that were made shorter.
    /// Calls that were interrupted (EINTR).
    std::uint64_t interrupted = 0;
    std::uint64_t faults = 0;   ///< Injected failures.
    std::uint64_t refused = 0;  ///< Operations that were not allowed to wait.
    /// What operations have read: of streams, pipes, files that are read as such, and datagrams, into pooled buffers as
    /// well; by a splice, into its pipe. Not what was only peeked at.
    std::uint64_t bytes_in = 0;
    /// What operations have written, likewise; of a file that is sent, what the socket has taken.
    std::uint64_t bytes_out = 0;
    /// A hash of all results in their order, descriptors aside. With one worker on an automatic simulated_clock it is
    /// the same in every run, as long as nothing but the runtime's tasks moves the descriptors.
    std::uint64_t trace = 0;
};

/// Named in runtime_options::simulation, with driver_kind::simulated; outlives the runtimes and serves any number. Each
/// driver draws from a generator of its own, so that threads do not disturb each other's decisions.
/// Thread: any.
class simulated_kernel {
public:
    /// Copies the options.
    /// Throws: std::invalid_argument for a share outside of 0…1, `interrupts` of 1, `least_cut_bytes` of 0, and delays
    /// that are negative or in the wrong order.
    explicit simulated_kernel(const simulated_kernel_options& options = {});
    simulated_kernel(const simulated_kernel&) = delete;
    simulated_kernel& operator=(const simulated_kernel&) = delete;
    /// Its runtimes have ended before.
    ~simulated_kernel();

    /// What BIFILAR_DRIVER=simulated uses: delays, short transfers, interrupts, reordering, late cancels, no failures.
    /// The seed is BIFILAR_SEED, else 1. Prints it, at the first call.
    [[nodiscard]] static simulated_kernel& standard();

    /// `times` calls of this kind fail with the errno `error`, after `calls` more have gone through; nothing is done
    /// then. Attempts count as calls, so one operation may make two. Faults of one kind queue up.
    /// Throws: std::invalid_argument for an `error` that is no failure: 0, EAGAIN, EINPROGRESS, EINTR, negative
    /// numbers; for 0 `times`; std::bad_alloc.
    void fail(op_kind kind, int error, std::uint64_t calls = 0, std::uint64_t times = 1);
    /// The same of calls on files and paths; op_kind::file_call means all of them. Each is counted and answered once,
    /// before it is made or waits; a close closes nevertheless, as in Linux. What takes several calls in a row
    /// (file_op::job) fails before the first. Calls of threads that have no driver of this kernel go through.
    void fail(file_op kind, int error, std::uint64_t calls = 0, std::uint64_t times = 1);
    /// From now on each call of this kind fails with this probability.
    /// Throws: as fail; std::invalid_argument for a share that is not above 0, or is above 1.
    void fail_randomly(op_kind kind, int error, double share);
    /// The same of calls on files and paths.
    void fail_randomly(file_op kind, int error, double share);
    /// Takes all planned failures back.
    void heal() noexcept;

    /// What it has done so far.
    [[nodiscard]] simulated_kernel_counts counts() const noexcept;
    /// As it was made.
    [[nodiscard]] const simulated_kernel_options& options() const noexcept { return options_; }

private:
    // The driver carries out what tests plan here: it asks for faults, and counts what happens.
    friend class drivers::simulated_driver;

    // Calls that a fault concerns, and the one that asks for its own.
    struct call_kind {
        op_kind kind;
        std::optional<file_op> file = std::nullopt;  // Of a file_call; empty: all of them.
    };
    struct fault {
        call_kind kind;
        int error;
        std::uint64_t calls;
        std::uint64_t times;
        double share;  // Above 0: at random, and the two before do not matter.
    };

    // The seed of the next driver's generator.
    [[nodiscard]] std::uint64_t attach() noexcept;
    void detach() noexcept;
    // The errno that the next call of this kind is to fail with; 0: none. `draw` is evenly distributed over 0…1.
    [[nodiscard]] int next_fault(const call_kind& kind, double draw) noexcept;
    // The same, of the faults at random alone, and without counting it.
    [[nodiscard]] int drawn_fault(const call_kind& kind, double draw) const noexcept;
    void plan(const fault& next);
    // A call that ended; `number` tells the operations of a driver apart.
    void record(std::uint64_t number, const drivers::op& which, int result) noexcept;
    template <class Change>
    void count(Change change) noexcept;

    const simulated_kernel_options options_;
    mutable base::spin_lock lock_;  // Guards what follows.
    std::vector<fault> faults_;
    simulated_kernel_counts counts_;
    std::uint64_t drivers_made_ = 0;
    std::uint64_t drivers_alive_ = 0;
};

}  // namespace bifilar
