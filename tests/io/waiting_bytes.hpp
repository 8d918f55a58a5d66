// How many bytes a socket or a pipe has for its next read.
#pragma once

#include "catch.hpp"

#include <cstddef>
#include <sys/ioctl.h>

namespace tests {

inline std::size_t waiting_bytes(int descriptor) {
    int bytes = 0;
    REQUIRE(::ioctl(descriptor, FIONREAD, &bytes) == 0);
    return static_cast<std::size_t>(bytes);
}

}  // namespace tests
