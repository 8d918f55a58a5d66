// What one client may have shown on the others' terminals.
#pragma once

#include <string>
#include <string_view>

namespace chat {

/// `text` without what moves, colours or turns around what a terminal shows: the control characters of ASCII and of
/// Latin-1 (C1, among them a one-byte "escape ["), separators of lines and paragraphs, and the marks, embeddings,
/// overrides and isolates of bidirectional text, which would let it read as another. What is no UTF-8 becomes '?', so
/// that no terminal of another encoding finds a control character in it.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace chat
