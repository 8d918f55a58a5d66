// A command that comes as a line of text, as one types it: words between blanks, with quotes around what has blanks.
#pragma once

#include "resp.hpp"

namespace kv {

/// The words of `line` without their quotes, into `text`, and where they lie there. In double quotes \xNN, \n, \r, \t,
/// \b and \a stand for a byte and a backslash before any other for that; in single quotes \' for the quote. False where
/// a quote does not end, or ends within a word.
[[nodiscard]] bool split_words(std::string_view line, std::string& text, std::vector<command::place>& words);

}  // namespace kv
