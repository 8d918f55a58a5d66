// Whether a client has the file already, or a part of another version of it (RFC 9110, 8.8 and 13).
#pragma once

#include "parser.hpp"

#include <ctime>
#include <string>
#include <string_view>

namespace http {

/// What tells one version of a file from another.
struct version {
    std::string tag;  ///< As it stands in ETag: quoted, and with W/ before it as long as the file may change unseen.
    std::time_t modified = 0;
};
/// By the time of the last change and the size. `now`: within a second of it a further change could leave both.
[[nodiscard]] version version_of(timespec modified, std::uint64_t bytes, std::time_t now);

enum class judgement : unsigned char {
    serve,         ///< Answer as if nothing had been asked for.
    not_modified,  ///< 304.
    failed,        ///< 412.
};
/// If-Match before If-Unmodified-Since, If-None-Match before If-Modified-Since; a date that is none is ignored.
[[nodiscard]] judgement judge(const request& asked, const version& present);

/// Whether a Range field is to be followed, as far as If-Range has a say: else the client, which has a part of another
/// version, would put two together.
[[nodiscard]] bool range_applies(const request& asked, const version& present, std::time_t now);

}  // namespace http
