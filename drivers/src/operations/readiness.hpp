// Waits for a descriptor on which others make the calls.
#pragma once

#include "shared_call.hpp"

#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <poll.h>

namespace bifilar::drivers {

struct poll_in_operation {
    static constexpr op_kind kind = op_kind::poll_in;
    static int call(const op& which) noexcept { return ready_for(which.source->descriptor(), POLLIN); }
};

struct poll_out_operation {
    static constexpr op_kind kind = op_kind::poll_out;
    static int call(const op& which) noexcept { return ready_for(which.source->descriptor(), POLLOUT); }
};

}  // namespace bifilar::drivers
