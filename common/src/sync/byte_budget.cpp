// The unit of a byte budget, and loans that change their size.
#include <bifilar/sync/byte_budget.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace bifilar {
namespace {

// As of a semaphore.
constexpr std::uint64_t max_units = (std::uint64_t{1} << 31) - 1;

// The smallest unit of which the total takes no more than there can be.
unsigned unit_shift(std::uint64_t total) {
    if (total > byte_budget::max_bytes)
        throw std::invalid_argument{"a byte_budget has at most " + std::to_string(byte_budget::max_bytes) +
                                    " bytes, not " + std::to_string(total)};
    unsigned shift = 0;
    while (((total + (std::uint64_t{1} << shift) - 1) >> shift) > max_units) ++shift;
    return shift;
}

}  // namespace

byte_budget::byte_budget(std::uint64_t total_bytes)
    : total_{total_bytes}, shift_{unit_shift(total_bytes)}, units_{units(total_bytes), units(total_bytes)} {}

std::uint64_t byte_budget::free_bytes() const noexcept {
    return std::min(total_, std::uint64_t{units_.free()} << shift_);  // The last unit may stick out.
}

bool byte_budget::loan::try_grow(std::uint64_t more) noexcept {
    if (from_ == nullptr || more > from_->total_ - bytes_) return false;
    // Often 0, because the last unit has room left.
    const std::uint32_t added = from_->units(bytes_ + more) - from_->units(bytes_);
    if (added != 0 && !from_->units_.try_take(added)) return false;
    bytes_ += more;
    return true;
}

void byte_budget::loan::shrink_to(std::uint64_t bytes) noexcept {
    if (bytes >= bytes_) return;
    const std::uint32_t fewer = from_->units(bytes_) - from_->units(bytes);
    bytes_ = bytes;
    from_->give(fewer);
}

}  // namespace bifilar
