// See the header. Content is moved to the front before each read, which is cheap: a read is asked for when the rest of
// an item is missing, so what is moved is less than one item.
#include <bifilar/io/streams/detail/byte_buffer.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace bifilar::detail {
namespace {

void copy_bytes(std::byte* to, const std::byte* from, std::size_t count) noexcept {
    if (count != 0) std::memcpy(to, from, count);  // Null with 0 bytes is undefined.
}

}  // namespace

byte_buffer::byte_buffer(std::size_t capacity_bytes) : capacity_{capacity_bytes} {
    if (capacity_bytes == 0) throw std::invalid_argument{"a buffer of 0 bytes; give a buffered stream 1 byte at least"};
}

byte_buffer::byte_buffer(byte_buffer&& other) noexcept
    : capacity_{other.capacity_},
      allocated_{std::exchange(other.allocated_, 0)},
      bytes_{std::move(other.bytes_)},
      head_{std::exchange(other.head_, 0)},
      tail_{std::exchange(other.tail_, 0)} {}

void byte_buffer::reallocate(std::size_t allocated) {
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(allocated);
    copy_bytes(bytes.get(), bytes_.get() + head_, size());
    bytes_ = std::move(bytes);
    allocated_ = allocated;
    tail_ = size();
    head_ = 0;
}

std::span<std::byte> byte_buffer::prepare(std::size_t wanted) {
    wanted = std::max({wanted, size() + 1, capacity_});
    // Also where an item that was longer than most is gone: its room goes with it.
    if (wanted > allocated_ || (empty() && wanted < allocated_)) {
        // Twice as much each time, so that an item which comes in small pieces is copied a few times only.
        const bool grows = wanted > capacity_ && !empty();
        reallocate(grows ? std::max(wanted, allocated_ * 2) : wanted);
    } else if (head_ != 0) {
        if (!empty()) std::memmove(bytes_.get(), bytes_.get() + head_, size());
        tail_ = size();
        head_ = 0;
    }
    return {bytes_.get() + tail_, allocated_ - tail_};
}

std::size_t byte_buffer::take(std::span<std::byte> into) noexcept {
    const std::size_t count = std::min(into.size(), size());
    copy_bytes(into.data(), content().data(), count);
    consume(count);
    return count;
}

std::size_t byte_buffer::add(std::span<const std::byte> from) {
    const std::size_t count = std::min(from.size(), capacity_ - std::min(size(), capacity_));
    if (count == 0) return 0;
    copy_bytes(prepare(size() + count).data(), from.data(), count);
    commit(count);
    return count;
}

void byte_buffer::put_back(std::span<const std::byte> from) noexcept {
    if (from.empty()) return;
    copy_bytes(prepare(size() + from.size()).data(), from.data(), from.size());
    commit(from.size());
}

}  // namespace bifilar::detail
