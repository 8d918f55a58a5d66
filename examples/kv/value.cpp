// A block of memory with its count of owners, what it owes, and its bytes behind them.
#include "value.hpp"

#include <atomic>
#include <cstring>
#include <new>

namespace kv {

struct value::block {
    block(bifilar::byte_budget::loan paid, std::size_t bytes) noexcept : paid{std::move(paid)}, bytes{bytes} {}

    [[nodiscard]] char* text() noexcept { return reinterpret_cast<char*>(this + 1); }

    std::atomic<std::size_t> owners{1};  // Whoever takes the last away destroys the block.
    bifilar::byte_budget::loan paid;
    std::size_t bytes;
};

value value::copy_of(std::string_view text, bifilar::byte_budget& room) noexcept {
    value made;
    const std::size_t bytes = sizeof(block) + text.size();
    auto paid = room.try_take(bytes);
    void* const memory = paid ? ::operator new(bytes, std::nothrow) : nullptr;
    if (memory == nullptr) return made;
    made.bytes_ = new (memory) block{std::move(paid), text.size()};
    // Of no bytes there may be no address.
    if (!text.empty()) std::memcpy(made.bytes_->text(), text.data(), text.size());
    return made;
}

// Relaxed: who copies it has it, so it is there.
value::value(const value& other) noexcept : bytes_{other.bytes_} {
    if (bytes_ != nullptr) bytes_->owners.fetch_add(1, std::memory_order_relaxed);
}

// Release and acquire pair among the owners, so that what all of them did with the bytes is before their end.
value::~value() {
    if (bytes_ == nullptr || bytes_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    bytes_->~block();
    ::operator delete(bytes_);
}

std::string_view value::text() const noexcept { return {bytes_->text(), bytes_->bytes}; }

}  // namespace kv
