// All operations on descriptors, and what a driver asks of one by its kind. An operation is a type in its group's file:
//   kind     its name in op_kind;
//   has      which arguments it has;
//   waits    what a ring does with it when it would have to wait;
//   call     makes its system call, without waiting: the result, or a negative errno; none: the kernel alone makes it;
//   prepare  a ring's entry that waits in the call, where waits says so; false: it waits for readiness this time;
//   events   what poll(2) is asked for, where it is more than the direction.
#pragma once

#include "bytes.hpp"
#include "connection.hpp"
#include "datagram.hpp"
#include "operation_list.hpp"
#include "passing.hpp"
#include "readiness.hpp"
#include "stream.hpp"

namespace bifilar::drivers {

using operations = joined_operations<stream_operations, connection_operations, datagram_operations, byte_operations,
                                     passing_operations, readiness_operations>;
static_assert(operations::covers_up_to(op_kind::file_call),
              "each kind is one operation's, but for file_call, whose calls are file_operations");

/// What each operation's type says of it, by their kinds.
inline constexpr auto traits_by_kind = operations::traits();

[[nodiscard]] constexpr op_traits traits_of(op_kind kind) noexcept {
    return kind == op_kind::file_call ? op_traits{argument_kind::request, ring_wait::call}
                                      : traits_by_kind[static_cast<std::size_t>(kind)];
}

/// What is not for each request.
[[nodiscard]] int call_others(const op& which) noexcept;

/// try_now, in line.
[[gnu::always_inline]] inline int call_now(const op& which) noexcept {
    for (;;) {
        int result = 0;
        if (which.kind == op_kind::recv_pooled)
            result = recv_pooled_operation::call(which);
        else if (which.kind == op_kind::send)
            result = send_operation::call(which);
        else if (which.kind == op_kind::recv)
            result = recv_operation::call(which);
        else
            result = call_others(which);
        if (result != -EINTR) [[likely]]
            return result;
    }
}

/// attempt, in line.
[[gnu::always_inline]] inline int attempt_now(const op& which) noexcept {
    io_source& source = *which.source;
    if (const int no = source.refusal(which.kind); no != 0) return no;
    const int result = call_now(which);
    source.learn(which, result);
    return result;
}

/// What is asked of poll(2), or of a ring in its place, for an operation that waits.
[[nodiscard]] short poll_events(op_kind kind) noexcept;

/// What the answer says besides: `events`, or a negative errno. Under the source's lock.
inline void note_hang_up(const op& which, int events) noexcept {
    if (which.kind == op_kind::accept && events > 0 && (events & POLLRDHUP) != 0) which.source->hung_up = true;
}

}  // namespace bifilar::drivers
