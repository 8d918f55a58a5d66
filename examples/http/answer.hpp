// The text of answers: status line, fields, date. Appends to a string whose memory the connection keeps.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace http {

/// "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string date_text(std::time_t moment);
/// That, or one of the two older forms, which are still to be read (RFC 9110, 5.6.7). Empty for anything else.
[[nodiscard]] std::optional<std::time_t> parse_date(const std::string& text);

/// The date as text, made once a second.
class date_cache {
public:
    [[nodiscard]] const std::string& now();
    /// The same, as a number.
    [[nodiscard]] std::time_t moment();

private:
    std::time_t made_for_ = -1;
    std::string text_;
};

/// What differs between answers.
struct answer_head {
    int status = 200;
    std::string_view type = "text/plain; charset=utf-8";
    std::uint64_t bytes = 0;     ///< Of the body.
    bool closes = false;         ///< The connection ends with it.
    bool keeps_1_0 = false;      ///< It stays open although the client speaks HTTP/1.0.
    std::string_view more = {};  ///< Whole lines.
};

/// The head with its empty line.
void append_head(std::string& to, const answer_head& head, const std::string& date);
/// Head and a body of one line that names the status, for errors; without the body for HEAD.
void append_error(std::string& to, int status, bool closes, bool without_body, const std::string& date,
                  std::string_view more = {});

void append_number(std::string& to, std::uint64_t number);

}  // namespace http
