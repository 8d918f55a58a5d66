// The memory behind buffered streams: bytes that came and were not used yet, in one piece.
// It grows when one item is larger than it, and goes back to its own size when it has been emptied.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstddef>
#include <memory>
#include <span>

namespace bifilar::detail {

class byte_buffer {
public:
    /// Allocates nothing yet. Throws std::invalid_argument for 0.
    explicit byte_buffer(std::size_t capacity_bytes);
    byte_buffer(byte_buffer&& other) noexcept;
    byte_buffer& operator=(byte_buffer&&) = delete;
    ~byte_buffer() = default;

    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::span<const std::byte> content() const noexcept { return {bytes_.get() + head_, size()}; }

    /// Room behind the content, at least one byte of it and enough for `wanted` bytes of content. Moves the content to
    /// the front. Throws std::bad_alloc, and nothing has changed then.
    [[nodiscard]] std::span<std::byte> prepare(std::size_t wanted);
    /// The first `count` bytes of that room are content now.
    void commit(std::size_t count) noexcept { tail_ += count; }
    /// The first `count` bytes of the content have been used.
    void consume(std::size_t count) noexcept { head_ += count; }
    /// Copies from the content's front and consumes that. How many.
    std::size_t take(std::span<std::byte> into) noexcept;
    /// Appends what fits without growing. How many.
    std::size_t add(std::span<const std::byte> from);
    /// Puts bytes behind the content again, whatever their number. Ends the process when there is no memory for them.
    void put_back(std::span<const std::byte> from) noexcept;

private:
    void reallocate(std::size_t allocated);

    std::size_t capacity_;
    std::size_t allocated_ = 0;
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace bifilar::detail
