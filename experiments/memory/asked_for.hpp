// How many bytes the frame pool is asked for: exact, where the pool itself rounds up to its classes.
// Counted in front of what stands behind the threads' caches, which the linker replaces in this program.
#pragma once

#include <cstdint>

namespace bifilar {
namespace detail {
class frame_cache;
}
}  // namespace bifilar

namespace bifilar::experiments {

/// As long as this lives, what its thread asks for goes past the thread's cache, and is counted, up to the first frame
/// or block that the thread gives back. The caches that the pool makes meanwhile are lost.
class frame_requests {
public:
    frame_requests() noexcept;
    frame_requests(const frame_requests&) = delete;
    frame_requests& operator=(const frame_requests&) = delete;
    ~frame_requests();

    /// The sum of the requests until now.
    [[nodiscard]] std::uint64_t bytes() const noexcept;

private:
    detail::frame_cache* cache_;
};

}  // namespace bifilar::experiments
