// How many files a process may have open: thousands of connections need more than the usual 1,024.
#pragma once

#include <sys/resource.h>

#include <cstddef>

namespace bifilar::experiments {

/// Raises the limit as far as the system lets a process do it, for this process and those that it starts. Gives the
/// limit.
inline std::size_t raise_descriptor_limit() noexcept {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur;
}

}  // namespace bifilar::experiments
