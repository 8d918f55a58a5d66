// Bytes that arrived, in a buffer of the driver's pool: an idle connection holds none.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstddef>
#include <span>
#include <utility>

namespace bifilar {

namespace drivers {
class buffer_pool;
}

/// Owns the buffer, which goes back to its driver, or to the heap, with this. Move-only. May outlive the stream, the
/// task and the runtime.
/// Thread: any, one at a time.
/// Allocates: nothing. Keep few of them, and not for long: each driver has 128, and beyond that each receive allocates.
class received_bytes {
public:
    /// What one receive brings at most, in bytes. More than the 16 KiB that many peers send at once, because a buffer
    /// that is not full tells that nothing is left: the next receive need not look.
    static constexpr std::size_t most = std::size_t{20} * 1024;

    received_bytes() noexcept = default;
    received_bytes(received_bytes&& other) noexcept
        : at_{std::exchange(other.at_, nullptr)}, bytes_{std::exchange(other.bytes_, 0)}, from_{other.from_} {}
    received_bytes& operator=(received_bytes&& other) noexcept {
        if (this != &other) {
            give_back();
            at_ = std::exchange(other.at_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
            from_ = other.from_;
        }
        return *this;
    }
    ~received_bytes() { give_back(); }

    /// What was received. Valid as long as this object.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {at_, bytes_}; }
    /// The same, to be changed in place.
    [[nodiscard]] std::span<std::byte> bytes() noexcept { return {at_, bytes_}; }
    /// How many bytes; 0 at the end of the stream.
    [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
    /// Whether there is nothing: the stream has ended.
    [[nodiscard]] bool empty() const noexcept { return bytes_ == 0; }

private:
    // Lends the buffer, fills it, and takes it back; nobody else can tell what is one of its own.
    friend class drivers::buffer_pool;
    received_bytes(std::byte* at, drivers::buffer_pool* from) noexcept : at_{at}, from_{from} {}

    void give_back() noexcept {
        if (at_ != nullptr) [[likely]]
            give_back(at_, from_);
    }
    static void give_back(std::byte* at, drivers::buffer_pool* from) noexcept;

    std::byte* at_ = nullptr;
    std::size_t bytes_ = 0;
    drivers::buffer_pool* from_ = nullptr;  // Null for a buffer of the heap.
};

}  // namespace bifilar
