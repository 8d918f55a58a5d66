// Keeps the measuring threads on chosen processors, so that repetitions see the same caches.
// Built on sched_setaffinity.
#pragma once

#include <vector>

namespace bifilar::experiments {

/// The processors that this process may use, in ascending order.
[[nodiscard]] std::vector<int> allowed_processors();

/// Pins the calling thread, and threads that it starts later, to `processors`. Throws std::system_error.
void pin_to(const std::vector<int>& processors);

/// Narrows the calling thread to the last `count` processors, or to all where there are fewer, for its lifetime; then
/// restores the former mask. Notes them as the seat of the repetition, see seat.hpp.
class pinned {
public:
    explicit pinned(std::size_t count);
    pinned(const pinned&) = delete;
    pinned& operator=(const pinned&) = delete;
    ~pinned();

private:
    std::vector<int> former_;
};

}  // namespace bifilar::experiments
