// How many descriptors the process has open, for tests that none gets lost; and a limit on them for a while.
#pragma once

#include "catch.hpp"

#include <cstddef>
#include <dirent.h>
#include <sys/resource.h>

namespace tests {

inline std::size_t open_descriptors() {
    std::size_t count = 0;
    DIR* const folder = ::opendir("/proc/self/fd");
    REQUIRE(folder != nullptr);
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

// From its construction to its destruction no descriptor above those that are open now can be had.
class no_descriptors_left {
public:
    no_descriptors_left() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &former_) == 0);
        const rlimit none{0, former_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    no_descriptors_left(const no_descriptors_left&) = delete;
    no_descriptors_left& operator=(const no_descriptors_left&) = delete;
    ~no_descriptors_left() { ::setrlimit(RLIMIT_NOFILE, &former_); }

private:
    rlimit former_{};
};

}  // namespace tests
