// The bytes of one value, shared by the table and by the answers that are under way: a peer that does not read its
// answer holds no copy of its own.
#pragma once

#include <bifilar/sync/byte_budget.hpp>
#include <string_view>

namespace kv {

/// A pointer to bytes that do not change, counted on a budget for as long as anybody has them. Any thread may drop it.
class value {
public:
    value() noexcept = default;
    value(const value& other) noexcept;
    value(value&& other) noexcept : bytes_{std::exchange(other.bytes_, nullptr)} {}
    value& operator=(value other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~value();

    /// Null when the budget, or the system, does not have so much.
    [[nodiscard]] static value copy_of(std::string_view text, bifilar::byte_budget& room) noexcept;

    [[nodiscard]] explicit operator bool() const noexcept { return bytes_ != nullptr; }
    [[nodiscard]] std::string_view text() const noexcept;

private:
    struct block;

    block* bytes_ = nullptr;
};

}  // namespace kv
