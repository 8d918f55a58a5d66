// How many descriptors the process has open, for tests that none gets lost; and a limit on them for a while.
#pragma once

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <dirent.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace tests {

/// Those whose link in /proc begins with `kind`, "socket:" for example; all without one.
inline std::size_t open_descriptors(std::string_view kind = {}) {
    std::size_t count = 0;
    DIR* const folder = ::opendir("/proc/self/fd");
    REQUIRE(folder != nullptr);
    while (const dirent* const one = ::readdir(folder)) {
        std::array<char, 64> target;
        const ssize_t bytes = ::readlinkat(::dirfd(folder), one->d_name, target.data(), target.size());
        if (bytes > 0 && std::string_view{target.data(), static_cast<std::size_t>(bytes)}.starts_with(kind)) ++count;
    }
    ::closedir(folder);
    return count;
}

/// From its construction to its destruction no further descriptor can be had, unless one is closed meanwhile.
class no_descriptors_left {
public:
    no_descriptors_left() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &former_) == 0);
        const int lowest = ::eventfd(0, EFD_CLOEXEC);  // Of those that are free.
        REQUIRE(lowest >= 0);
        ::close(lowest);
        const rlimit none{static_cast<rlim_t>(lowest), former_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    no_descriptors_left(const no_descriptors_left&) = delete;
    no_descriptors_left& operator=(const no_descriptors_left&) = delete;
    ~no_descriptors_left() { ::setrlimit(RLIMIT_NOFILE, &former_); }

private:
    rlimit former_{};
};

/// From its construction to its destruction the process may open a few descriptors more, and this takes them. For what
/// knows a limit from earlier: a multishot accept of a ring goes by the one under which it was armed.
class few_descriptors {
public:
    explicit few_descriptors(rlim_t count) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &former_) == 0);
        const int lowest = ::eventfd(0, EFD_CLOEXEC);  // Of those that are free.
        REQUIRE(lowest >= 0);
        ::close(lowest);
        const rlimit few{std::min(static_cast<rlim_t>(lowest) + count, former_.rlim_cur), former_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    }
    few_descriptors(const few_descriptors&) = delete;
    few_descriptors& operator=(const few_descriptors&) = delete;
    ~few_descriptors() {
        give_back(taken_.size());
        ::setrlimit(RLIMIT_NOFILE, &former_);
    }

    void take_all() {
        for (int one = ::eventfd(0, EFD_CLOEXEC); one >= 0; one = ::eventfd(0, EFD_CLOEXEC)) taken_.push_back(one);
    }
    /// Not more than it has taken.
    void give_back(std::size_t count) {
        for (; count != 0; --count) {
            ::close(taken_.back());
            taken_.pop_back();
        }
    }
    void give_back_all() { give_back(taken_.size()); }

private:
    rlimit former_{};
    std::vector<int> taken_;
};

}  // namespace tests
