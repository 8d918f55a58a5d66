// Errors, large values, and what was written.
#include "answers.hpp"

namespace kv {

std::string_view shown(std::string_view word, std::size_t most) noexcept {
    const std::string_view beginning = word.substr(0, most);
    return beginning.substr(0, beginning.find('\0'));
}

void answers::error(std::string_view text) {
    const std::size_t began = text_.size() + 1;
    add('-', text);
    for (std::size_t at = began; at + 2 < text_.size(); ++at)
        if (text_[at] == '\r' || text_[at] == '\n') text_[at] = ' ';
}

void answers::text(std::string_view bytes) {
    if (bytes.size() > copied_bytes) {
        value copy = value::copy_of(bytes, *room_);
        return copy ? shared(std::move(copy)) : error(no_room);
    }
    add('$', std::to_string(bytes.size()));
    text_.append(bytes).append("\r\n");
}

void answers::shared(value bytes) {
    if (!bytes) return nothing();
    if (bytes.text().size() <= copied_bytes) return text(bytes.text());
    add('$', std::to_string(bytes.text().size()));
    large_ = std::move(bytes);
    written_ = 0;
}

void answers::wrote() {
    if (!text_.empty()) {
        text_.clear();
        // Whoever waits for its next command, or for a peer that does not read, holds little.
        if (text_.capacity() > copied_bytes) text_.shrink_to_fit();
        return;
    }
    written_ += std::min(answers_per_write, large_.text().size() - written_);
    if (written_ != large_.text().size()) return;
    large_ = {};
    text_ = "\r\n";
}

}  // namespace kv
