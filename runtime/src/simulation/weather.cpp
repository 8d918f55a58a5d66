// What kernels do, by the seed. The errnos are those that the manual pages have for the calls.
#include "weather.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <initializer_list>

namespace bifilar::simulation {
namespace {

using base::decision_kind;

struct failures {
    op_kind kind;
    std::initializer_list<int> errors;
};

constexpr std::initializer_list<int> of_receives{ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOBUFS, ENOMEM};
constexpr std::initializer_list<int> of_sends{ECONNRESET, EPIPE, ETIMEDOUT, ENETDOWN, ENOBUFS, ENOMEM};
constexpr std::initializer_list<int> of_datagrams{ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOBUFS, ENOMEM, EPERM};
constexpr std::initializer_list<int> of_accepts{EMFILE, ENFILE, ECONNABORTED, ENOBUFS, ENOMEM, EPERM, EPROTO};

constexpr failures of_operations[] = {
    {op_kind::accept, of_accepts},
    {op_kind::accept_multishot, of_accepts},
    {op_kind::recv, of_receives},
    {op_kind::recv_pooled, of_receives},
    {op_kind::recv_multishot, of_receives},
    {op_kind::recv_message, of_receives},
    {op_kind::recv_many, of_receives},
    {op_kind::splice_in, of_receives},
    {op_kind::read, {EIO, ENOMEM}},
    {op_kind::read_vector, {EIO, ENOMEM}},
    {op_kind::read_ready, {EIO, ENOMEM}},
    {op_kind::connect, {ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, ENOBUFS}},
    {op_kind::send, of_sends},
    {op_kind::send_file, of_sends},
    {op_kind::splice_out, of_sends},
    {op_kind::send_message, of_datagrams},
    {op_kind::send_many, of_datagrams},
    {op_kind::write, {EPIPE, EIO, ENOMEM}},
    {op_kind::write_vector, {EPIPE, EIO, ENOMEM}},
    {op_kind::write_ready, {EPIPE, EIO, ENOMEM}},
    {op_kind::poll_in, {ENOMEM}},
    {op_kind::poll_out, {ENOMEM}},
};

struct file_failures {
    file_op kind;
    std::initializer_list<int> errors;
};

constexpr file_failures of_files[] = {
    {file_op::read, {EIO, ENOMEM}},
    {file_op::write, {EIO, ENOSPC, EDQUOT, EFBIG, ENOMEM}},
    {file_op::sync, {EIO, ENOSPC, EDQUOT}},
    {file_op::truncate, {EIO, ENOSPC, EFBIG}},
    {file_op::allocate, {EIO, ENOSPC, EDQUOT}},
    {file_op::open, {EMFILE, ENFILE, EACCES, EIO, ENOSPC, ENOMEM}},
    {file_op::close, {EIO, ENOSPC, EDQUOT}},
    {file_op::status, {EACCES, EIO, ENOMEM}},
    {file_op::rename, {EACCES, EIO, ENOSPC, EXDEV}},
    {file_op::remove, {EACCES, EIO, EBUSY}},
    {file_op::create_directory, {EACCES, EIO, ENOSPC, EMLINK}},
    {file_op::read_entries, {EIO, ENOMEM}},
    {file_op::job, {EIO, EACCES, ENOMEM}},
};

// Of all calls, together; many seeds have none.
double share_of_failures(const options& how, const base::decisions& by) {
    constexpr double seldom = 1. / 16;
    return how.kernel == weather::hostile ? by.temper(decision_kind::fault) * seldom : 0;
}

}  // namespace

simulated_kernel_options kernel_options(const options& how, const base::decisions& by) {
    simulated_kernel_options made;
    made.reorder = true;  // Each change of places is a decision.
    if (how.kernel == weather::calm) return made;
    // The longest delay: none, a thousandth, a tenth or all of what is allowed, in equal parts.
    const double delays = by.temper(decision_kind::delay);
    const auto longest = static_cast<double>(how.max_delay.count()) * (delays == 0   ? 0
                                                                       : delays < .1 ? .001
                                                                       : delays < .2 ? .1
                                                                                     : 1);
    made.max_delay = std::chrono::nanoseconds{static_cast<std::int64_t>(longest)};
    made.would_wait = by.temper(decision_kind::would_wait);
    made.short_transfers = by.temper(decision_kind::cut);
    made.interrupts = by.temper(decision_kind::interrupt);
    made.late_cancels = by.temper(decision_kind::late_end);
    made.cancelled_successes = by.temper(decision_kind::success);
    made.refused_waits = share_of_failures(how, by);
    return made;
}

void plan_failures(simulated_kernel& kernel, const options& how, const base::decisions& by) {
    const double share = share_of_failures(how, by);
    if (share == 0) return;
    for (const auto& [kind, errors] : of_operations)
        for (const int error : errors) kernel.fail_randomly(kind, error, share / static_cast<double>(errors.size()));
    for (const auto& [kind, errors] : of_files)
        for (const int error : errors) kernel.fail_randomly(kind, error, share / static_cast<double>(errors.size()));
}

}  // namespace bifilar::simulation
