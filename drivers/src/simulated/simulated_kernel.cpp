// The plan of failures and the counts, which the drivers of several threads share under one lock.
#include <bifilar/drivers/simulated/simulated_kernel.hpp>

#include "operations/operations.hpp"

#include <bifilar/base/detail/assert.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <sys/socket.h>

namespace bifilar {
namespace {

simulated_kernel_options check(const simulated_kernel_options& options) {
    for (const double share : {options.would_wait, options.short_transfers, options.interrupts, options.late_cancels,
                               options.cancelled_successes, options.refused_waits})
        // Written in this way, a NaN is refused as well.
        if (!(share >= 0 && share <= 1))
            throw std::invalid_argument{"a share in simulated_kernel_options is " + std::to_string(share) +
                                        "; give a probability from 0 to 1"};
    if (options.interrupts == 1)
        throw std::invalid_argument{
            "simulated_kernel_options::interrupts is 1, so that no call would ever end; give less"};
    if (options.least_cut_bytes == 0)
        throw std::invalid_argument{
            "simulated_kernel_options::least_cut_bytes is 0, which would be the end of a stream; give 1 or more"};
    if (options.least_delay.count() < 0 || options.max_delay < options.least_delay)
        throw std::invalid_argument{
            "the delays in simulated_kernel_options are " + std::to_string(options.least_delay.count()) + " to " +
            std::to_string(options.max_delay.count()) + " ns; give 0 or more, the least first"};
    return options;
}

void check_error(int error) {
    // A driver waits or tries again after these, so they are no ends.
    if (error <= 0 || error == EAGAIN || error == EINPROGRESS || error == EINTR)
        throw std::invalid_argument{"a simulated call cannot fail with " + std::to_string(error) +
                                    "; give the errno of a failure"};
}

void check_share(double share) {
    if (!(share > 0 && share <= 1))
        throw std::invalid_argument{"calls cannot fail with a probability of " + std::to_string(share) +
                                    "; give one above 0, up to 1"};
}

// The bytes that a call has moved whose `result` is not negative: their number, but that of the datagrams where it is
// on several.
std::uint64_t moved_bytes(const drivers::op& which, int result) noexcept {
    using drivers::argument_kind;
    if ((which.flags & MSG_PEEK) != 0) return 0;
    const argument_kind has = drivers::traits_of(which.kind).has;
    if (has == argument_kind::none || has == argument_kind::request) return 0;
    if (has != argument_kind::messages) return static_cast<std::uint64_t>(result);
    std::uint64_t sum = 0;
    for (const mmsghdr& one : std::span{which.arguments.messages(), static_cast<std::size_t>(result)})
        sum += one.msg_len;
    return sum;
}

}  // namespace

simulated_kernel::simulated_kernel(const simulated_kernel_options& options) : options_{check(options)} {}

simulated_kernel::~simulated_kernel() {
    BIFILAR_CHECK(drivers_alive_ == 0,
                  "a simulated_kernel was destroyed before its runtime; declare it before the runtime");
}

simulated_kernel& simulated_kernel::standard() {
    // Never destroyed: threads that end late may still have a driver.
    static simulated_kernel& made = *[] {
        simulated_kernel_options options;
        if (const char* const seed = std::getenv("BIFILAR_SEED")) options.seed = std::strtoull(seed, nullptr, 10);
        options.max_delay = std::chrono::microseconds{50};
        options.would_wait = 0.25;
        options.short_transfers = 0.25;
        options.least_cut_bytes = 64;  // As of a socket, which takes and gives a few bytes together.
        options.interrupts = 0.05;
        options.late_cancels = 0.25;
        options.cancelled_successes = 0.25;
        options.reorder = true;
        std::fprintf(stderr, "bifilar: I/O is simulated with seed %llu (set BIFILAR_SEED to repeat)\n",
                     static_cast<unsigned long long>(options.seed));
        return new simulated_kernel{options};
    }();
    return made;
}

void simulated_kernel::fail(op_kind kind, int error, std::uint64_t calls, std::uint64_t times) {
    plan({{kind}, error, calls, times, 0});
}

void simulated_kernel::fail(file_op kind, int error, std::uint64_t calls, std::uint64_t times) {
    plan({{op_kind::file_call, kind}, error, calls, times, 0});
}

void simulated_kernel::fail_randomly(op_kind kind, int error, double share) {
    check_share(share);
    plan({{kind}, error, 0, 0, share});
}

void simulated_kernel::fail_randomly(file_op kind, int error, double share) {
    check_share(share);
    plan({{op_kind::file_call, kind}, error, 0, 0, share});
}

void simulated_kernel::plan(const fault& next) {
    // Before the lock, because it throws.
    check_error(next.error);
    if (next.times == 0 && !(next.share > 0))
        throw std::invalid_argument{"a simulated call cannot fail 0 times; give how often, or leave it out for once"};
    const std::lock_guard guard{lock_};
    faults_.push_back(next);
}

void simulated_kernel::heal() noexcept {
    const std::lock_guard guard{lock_};
    faults_.clear();
}

simulated_kernel_counts simulated_kernel::counts() const noexcept {
    const std::lock_guard guard{lock_};
    // A copy, so that all numbers are of one moment.
    return counts_;
}

std::uint64_t simulated_kernel::attach() noexcept {
    const std::lock_guard guard{lock_};
    ++drivers_alive_;
    // Another seed for each driver: they decide independently of each other, and the same again in the next run.
    return options_.seed + 0x9E3779B97F4A7C15ULL * drivers_made_++;
}

void simulated_kernel::detach() noexcept {
    const std::lock_guard guard{lock_};
    --drivers_alive_;
}

int simulated_kernel::next_fault(const call_kind& kind, double draw) noexcept {
    const std::lock_guard guard{lock_};
    // The oldest fault of this kind decides, and one that is counted lets nothing through to those behind it. One that
    // is drawn and does not strike leaves the call to the next.
    for (auto at = faults_.begin(); at != faults_.end(); ++at) {
        if (at->kind.kind != kind.kind || (at->kind.file && at->kind.file != kind.file)) continue;
        if (at->share > 0) {
            if (draw >= at->share) continue;
        } else if (at->calls != 0) {
            // One of those that go through before it strikes.
            --at->calls;
            return 0;
        }
        const int error = at->error;
        if (!(at->share > 0) && --at->times == 0) faults_.erase(at);
        ++counts_.faults;
        return error;
    }
    return 0;
}

int simulated_kernel::drawn_fault(const call_kind& kind, double draw) const noexcept {
    const std::lock_guard guard{lock_};
    for (const fault& one : faults_) {
        if (!(one.share > 0) || one.kind.kind != kind.kind || (one.kind.file && one.kind.file != kind.file)) continue;
        if (draw < one.share) return one.error;
        draw -= one.share;  // What is left is evenly distributed over the rest.
    }
    return 0;
}

void simulated_kernel::record(std::uint64_t number, const drivers::op& which, int result) noexcept {
    const op_kind kind = which.kind;
    const std::lock_guard guard{lock_};
    if (result > 0) (drivers::reads(kind) ? counts_.bytes_in : counts_.bytes_out) += moved_bytes(which, result);
    // The number of a descriptor depends on what else is open in the process, so it stays out of the hash.
    const bool is_descriptor = kind == op_kind::accept && result >= 0;
    // FNV-1a over words.
    for (const std::uint64_t word :
         {number, static_cast<std::uint64_t>(kind), is_descriptor ? 0 : static_cast<std::uint64_t>(result)})
        counts_.trace = (counts_.trace ^ word) * 0x100000001B3ULL;
}

}  // namespace bifilar
