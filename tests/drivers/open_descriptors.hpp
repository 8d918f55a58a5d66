// How many descriptors this process has open, for tests that conserve them.
#pragma once

#include "catch.hpp"

#include <cstddef>
#include <dirent.h>

namespace tests {

inline std::size_t open_descriptors() {
    std::size_t count = 0;
    DIR* const folder = ::opendir("/proc/self/fd");
    REQUIRE(folder != nullptr);
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

}  // namespace tests
