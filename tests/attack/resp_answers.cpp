// One answer after the other; arrays by how many elements are still to come.
#include "resp_answers.hpp"

#include <charconv>
#include <cstdint>

namespace attack {

resp_answers read_resp_answers(std::string_view text) {
    resp_answers made;
    std::int64_t pending = 0;  // Of the arrays that are open.
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        const char kind = text[0];
        if (end == std::string_view::npos) break;
        const std::string_view line = text.substr(1, end - 1);
        made.is_well_formed = std::string_view{"+-:$*"}.contains(kind) && line.find_first_of("\r\n") == line.npos;
        if (!made.is_well_formed) return made;
        text.remove_prefix(end + 2);
        if (pending > 0) --pending;
        if (kind == ':' || kind == '$' || kind == '*') {
            std::int64_t number = 0;
            const auto [last, error] = std::from_chars(line.data(), line.data() + line.size(), number);
            made.is_well_formed =
                error == std::errc{} && last == line.data() + line.size() && (kind == ':' || number >= -1);
            if (!made.is_well_formed) return made;
            if (kind == '*') pending += number;
            if (kind == '$' && number >= 0) {
                const auto bytes = static_cast<std::size_t>(number);
                if (text.size() < bytes + 2) break;
                made.is_well_formed = text.substr(bytes, 2) == "\r\n";
                if (!made.is_well_formed) return made;
                text.remove_prefix(bytes + 2);
            }
        }
        if (pending == 0) ++made.complete;
    }
    return made;
}

}  // namespace attack
