// A process that keeps every processor busy, as somebody else's program does: one thread each, which never sleeps.
// It dies with the process that made it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace bifilar::experiments {

class busy_neighbour {
public:
    /// When this returns, all of its threads run. Throws std::system_error. While this process has one thread.
    busy_neighbour();
    busy_neighbour(const busy_neighbour&) = delete;
    busy_neighbour& operator=(const busy_neighbour&) = delete;
    ~busy_neighbour();

    /// The share of all processors that it had so far, in percent.
    [[nodiscard]] double share_percent() const;

private:
    pid_t process_;
    std::size_t processors_;
    std::int64_t began_ns_;
    std::uint64_t used_before_ns_;
};

}  // namespace bifilar::experiments
