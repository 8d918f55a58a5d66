// What single lines of a message say: the first one, and each field.
#pragma once

#include "limits.hpp"
#include "parser.hpp"

#include <optional>
#include <string_view>

namespace http {

/// Method, target and version. 0, or the status to refuse it with.
[[nodiscard]] int read_first_line(std::string_view line, request& into, const limits& most);
/// Version and status; the reason is not looked at. 0, or anything else for a line that is none.
[[nodiscard]] int read_first_line(std::string_view line, response& into, const limits& most);

struct field {
    std::string_view name;
    std::string_view value;
};
/// Empty where the line is no field, or continues the one before, as was once allowed.
[[nodiscard]] std::optional<field> read_field(std::string_view line) noexcept;

/// Takes note of a field that is not about framing. False: it is refused.
[[nodiscard]] bool note_field(field one, request& into);
[[nodiscard]] bool note_field(field one, response& into);

}  // namespace http
