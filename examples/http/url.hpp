// URLs of http://, taken apart.
#pragma once

#include <string>
#include <string_view>

namespace http {

struct url {
    std::string host;  ///< A name or an address and always a port, as bifilar::connect and the Host field take them.
    std::string path;  ///< With its query; begins with a slash.
};

/// Throws std::invalid_argument, which says what is wrong.
[[nodiscard]] url parse_url(std::string_view text);

/// Where a Location field points that came with the answer for `from`: a whole URL, or a path on the same host. Throws
/// std::invalid_argument.
[[nodiscard]] url redirected(const url& from, std::string_view location);

[[nodiscard]] inline std::string to_string(const url& at) { return "http://" + at.host + at.path; }

}  // namespace http
