// A server's answer that is not what it was sent: a fault of the server, where other failures may be the machine's.
// The load generators tell it under "wrong", so that it ends the page of a server of ours.
#pragma once

#include <stdexcept>

namespace bifilar::experiments {

struct wrong_bytes : std::runtime_error {
    wrong_bytes() : std::runtime_error{"the server answered with other bytes than it was sent"} {}
};

}  // namespace bifilar::experiments
