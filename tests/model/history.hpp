// What has been stored in each atomic, in modification order, and who has read it.
// Builds on clocks and digest. Coherence as in C++20 [intro.races]: a load may read any store from the newest back to
// the first one that it knows, by its write or by a read of it.
#pragma once

#include "clocks.hpp"
#include "digest.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace model {

/// One store of an atomic.
struct stored {
    std::array<unsigned char, 16> bytes{};
    event by;
    bool update = false;        // A read-modify-write: it has read the store before it, and nothing comes between.
    std::uint32_t in_s = 0;     // Its number among its thread's events of S; 0: it is not seq_cst.
    knowledge released;         // What an acquire load of it obtains.
    vector_clock sources;       // Events of S that must precede what coherence puts after the write ...
    vector_clock read_sources;  // ... and after a read of it.
    first_of_each read_stamps;  // The first read of it by each thread,
    first_of_each read_in_s;    // and the first that is an event of S.
};

/// How a location is first met: made by whom, and under which name, which has to do with neither addresses nor time.
struct origin {
    std::uint64_t name = 0;
    event made;
};

struct location {
    const void* address = nullptr;
    origin from;
    bool gone = false;          // Destroyed, and nothing new made at its address.
    std::vector<stored> order;  // Modification order. The first is the initial value. Empty before the first access.
    vector_clock touched;       // The last access by each thread.
    std::array<event, max_threads> floor{};  // What was newest at a thread's last pause; stamp 0: none.
    std::array<bool, max_threads> has_floor{};
    digest order_digest;

    // A gate instead of an atomic: what its openings offer, and the set of those that no wait has taken.
    knowledge offered;
    digest openings;

    void reset(const void* where, origin how) noexcept;
    void meet(const void* where, std::size_t number) noexcept;  // See address_table.

    /// The newest store that this thread knows, by the write (`by_read` is false) or by a read of it.
    struct known_store {
        std::size_t index;
        bool by_read;
    };
    [[nodiscard]] known_store newest_known(const vector_clock& happened) const noexcept;
    /// The oldest store that coherence lets a thread read; newest_known, unless a pause forbids that.
    [[nodiscard]] std::size_t oldest_readable(std::size_t thread, const vector_clock& happened) const noexcept;
    /// Whether a store may be put before the one of that index: not between an update and what it has read.
    [[nodiscard]] bool may_insert(std::size_t place) const noexcept {
        return place == order.size() || !order[place].update;
    }
    /// The events of S that must precede what comes after so many writes and the reads of so many.
    [[nodiscard]] vector_clock sources(std::size_t writes, std::size_t reads) const noexcept;
    /// Makes the digest anew after a store in the middle.
    void digest_again() noexcept;
};

}  // namespace model
