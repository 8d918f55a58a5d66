// How a buffered reader finds the end of an item: a mark of one or more bytes, or the end of a line.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace bifilar::detail {

class delimiter {
public:
    enum class search : unsigned char {
        more,      ///< Not yet: ask the stream.
        here,      ///< The item is complete.
        too_long,  ///< The item is longer than the limit, or has no end within it.
    };
    class found {
    public:
        explicit found(search what, std::size_t item_bytes = 0, std::size_t used_bytes = 0) noexcept
            : state{what}, bytes{item_bytes}, used{used_bytes} {}
        search state;
        std::size_t bytes;  ///< Of the item as it is given out.
        std::size_t used;   ///< What the item takes from the buffer.
    };

    /// After `mark`, which belongs to the item. Up to `limit` bytes come before it.
    static delimiter mark(std::string_view mark, std::size_t limit);
    /// After "\n" or "\r\n", which do not belong to the item. Up to `limit` bytes come before them.
    static delimiter line(std::size_t limit) { return delimiter{"\n", limit, true}; }

    /// Looks through what was not looked at before; the same content, longer by what came, from call to call.
    [[nodiscard]] found find(std::span<const std::byte> content) noexcept;
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    delimiter(std::string_view mark, std::size_t limit, bool is_line) : mark_{mark}, limit_{limit}, is_line_{is_line} {}
    [[nodiscard]] bool surely_too_long(std::string_view text) const noexcept;

    std::string mark_;
    std::size_t limit_;
    std::size_t looked_at_ = 0;  // No mark begins before here.
    bool is_line_;
};

}  // namespace bifilar::detail
