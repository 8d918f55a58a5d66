// How long a contended lock spins before it queues.
#include <bifilar/sync/mutex.hpp>

#include <algorithm>

namespace bifilar {

// Pays where the holder runs on another worker and is about to unlock; where it sleeps, a few tries show that.
bool mutex::spin() noexcept {
    constexpr std::int32_t fewest = 4;
    constexpr std::int32_t most = 64;
    constexpr std::int32_t rests = -16;
    const std::int32_t hint = spins_.load(base::relaxed);  // Relaxed, all: a hint.
    if (hint < 0) {
        spins_.store(hint + 1, base::relaxed);
        return false;
    }
    const std::int32_t limit = std::max(hint, fewest);
    for (std::int32_t count = 0; count < limit; ++count) {
        base::spin_pause();
        if (permit_.waited()) return false;  // Not to be overtaken.
        if (is_locked() || !permit_.try_take(1)) continue;
        spins_.store(std::min(limit + fewest, most), base::relaxed);
        return true;
    }
    spins_.store(limit == fewest ? rests : limit / 2, base::relaxed);
    return false;
}

}  // namespace bifilar
