// A thread's latest records, of a fixed size, written without a lock, copied by whoever wants them.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

namespace bifilar::base {

/// States: each record is some words; `begun_` counts the records that the owner has begun to write, `written_` those
/// that are whole. A reader takes the second count, copies up to it, and then takes the first: what the owner may have
/// begun to write over meanwhile is left out.
template <class Record>
class record_ring {
public:
    /// So many records, a power of 2. Throws std::bad_alloc.
    explicit record_ring(std::size_t records) : words_{std::make_unique<words[]>(records)}, mask_{records - 1} {}

    /// Owner only.
    void add(const Record& one) noexcept {
        std::uint64_t plain[words_each];
        std::memcpy(plain, &one, sizeof plain);
        const std::uint64_t at = written_.load(base::relaxed);  // Relaxed: the owner alone writes it.
        begun_.store(at + 1, base::relaxed);                    // Relaxed: the words order it.
        words& to = words_[at & mask_];
        // Pairs with read; so that who sees a word sees that the place was begun anew.
        for (std::size_t n = 0; n < words_each; ++n) to[n].store(plain[n], base::release);
        written_.store(at + 1, base::release);  // Pairs with read; so that the record is whole.
    }

    /// Appends what there is, the oldest first. Any thread. Throws std::bad_alloc.
    void read(std::vector<Record>& into) const {
        // Whoever loses its processor for a whole round of the owner has nothing, and looks again.
        constexpr int tries = 3;
        const std::size_t before = into.size();
        for (int count = 0; count < tries && into.size() == before; ++count) read_once(into);
    }

private:
    void read_once(std::vector<Record>& into) const {
        const std::uint64_t end = written_.load(base::acquire);  // Pairs with add.
        const std::uint64_t begin = end - std::min(end, mask_ + 1);
        const std::size_t first = into.size();
        into.resize(first + static_cast<std::size_t>(end - begin));
        for (std::uint64_t at = begin; at != end; ++at) {
            const words& from = words_[at & mask_];
            std::uint64_t plain[words_each];
            for (std::size_t n = 0; n < words_each; ++n) plain[n] = from[n].load(base::acquire);  // Pairs with add.
            std::memcpy(&into[first + static_cast<std::size_t>(at - begin)], plain, sizeof plain);
        }
        const std::uint64_t begun = begun_.load(base::relaxed);  // Relaxed: the words' loads come before.
        const std::uint64_t lost = std::min(begun - std::min(begun, begin + mask_ + 1), end - begin);
        const auto oldest = into.begin() + static_cast<std::ptrdiff_t>(first);
        into.erase(oldest, oldest + static_cast<std::ptrdiff_t>(lost));
    }

    static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) % sizeof(std::uint64_t) == 0,
                  "a record is copied word by word");
    static constexpr std::size_t words_each = sizeof(Record) / sizeof(std::uint64_t);
    using words = std::array<base::atomic<std::uint64_t>, words_each>;

    const std::unique_ptr<words[]> words_;
    const std::uint64_t mask_;
    // Written by the owner, read by any.
    base::atomic<std::uint64_t> begun_{0};
    base::atomic<std::uint64_t> written_{0};
};

}  // namespace bifilar::base
