// Waits for a descriptor on which others make the calls.
#pragma once

#include "op_traits.hpp"
#include "operation_list.hpp"
#include "shared_call.hpp"

#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <poll.h>

namespace bifilar::drivers {

struct poll_in_operation {
    static constexpr op_kind kind = op_kind::poll_in;
    static constexpr argument_kind has = argument_kind::none;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept { return ready_for(which.source->descriptor(), POLLIN); }
};

struct poll_out_operation {
    static constexpr op_kind kind = op_kind::poll_out;
    static constexpr argument_kind has = argument_kind::none;
    static constexpr ring_wait waits = ring_wait::readiness;
    static int call(const op& which) noexcept { return ready_for(which.source->descriptor(), POLLOUT); }
};

using readiness_operations = operation_list<poll_in_operation, poll_out_operation>;

}  // namespace bifilar::drivers
