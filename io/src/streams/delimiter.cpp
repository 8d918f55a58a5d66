// See the header. The answer depends on the bytes alone, not on the pieces in which they came.
#include <bifilar/io/streams/detail/delimiter.hpp>

#include <bifilar/base/detail/assert.hpp>

namespace bifilar::detail {

delimiter delimiter::mark(std::string_view mark, std::size_t limit) {
    BIFILAR_CHECK(!mark.empty(), "read_until was given an empty mark; give it one byte at least");
    return delimiter{mark, limit, false};
}

delimiter::found delimiter::find(std::span<const std::byte> content) noexcept {
    const std::string_view text{reinterpret_cast<const char*>(content.data()), content.size()};
    const std::size_t at = mark_.size() == 1 ? text.find(mark_.front(), looked_at_) : text.find(mark_, looked_at_);
    if (at == std::string_view::npos) {
        if (surely_too_long(text)) return found{search::too_long};
        // The last bytes may be the beginning of a mark, and are looked at again.
        if (text.size() >= mark_.size()) looked_at_ = text.size() - mark_.size() + 1;
        return found{search::more};
    }
    const bool has_return = is_line_ && at > 0 && text[at - 1] == '\r';
    const std::size_t before = has_return ? at - 1 : at;
    if (before > limit_) return found{search::too_long};
    const std::size_t used = at + mark_.size();
    return found{search::here, is_line_ ? before : used, used};
}

// Whether no mark that is still to come could be within the limit.
bool delimiter::surely_too_long(std::string_view text) const noexcept {
    if (text.size() <= limit_) return false;
    const std::size_t beyond = text.size() - limit_;
    // One byte beyond may be the return before the mark, which does not count.
    if (is_line_) return beyond > 1 || text.back() != '\r';
    return beyond >= mark_.size();
}

}  // namespace bifilar::detail
