// Requests and responses of HTTP/1.1 out of bytes, line by line, to the letter of RFC 9112: a line ends with CR and LF,
// and what has no place in it is an error and not overlooked.
#pragma once

#include "limits.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace http {

enum class method : unsigned char { get, head, post, other, unknown };

/// What of a request matters here. Strings keep their memory from one request to the next. A field that is repeated is
/// one with commas between.
struct request {
    http::method method = method::unknown;
    std::string target;  ///< A path with its query, also where the whole URL was asked for; or "*".
    std::string range;
    std::string if_range;
    std::string if_match;
    std::string if_none_match;
    std::string if_modified_since;
    std::string if_unmodified_since;
    std::string body;
    bool is_1_1 = false;              ///< HTTP/1.1, not 1.0.
    bool keeps_alive = false;         ///< The connection may serve another request.
    bool expects_continue = false;    ///< The client waits for 100 before it sends the body.
    bool takes_open_metrics = false;  ///< It has asked for OpenMetrics among others.
};

/// What of a response matters here. The body: as far as it has come and was not taken.
struct response {
    int status = 0;
    std::string location;
    std::string content_range;
    std::string etag;
    std::string last_modified;
    std::string body;
    std::optional<std::uint64_t> content_length;  ///< In bytes, also of a body that HEAD leaves out.
    bool is_1_1 = false;
    bool takes_ranges = false;  ///< It said Accept-Ranges: bytes.
    bool keeps_alive = false;
};

enum class progress : unsigned char {
    idle,      ///< No byte of the message has come.
    head,      ///< It has begun.
    body,      ///< All fields are there.
    complete,  ///< All of it is there.
    failed,    ///< It is none, or exceeds a limit.
};

/// One message after another. Allocates when it is made, and for strings that are longer than all before.
template <bool IsRequest>
class parser {
public:
    using message_type = std::conditional_t<IsRequest, request, response>;

    explicit parser(const limits& most);
    parser(const parser&) = delete;
    parser& operator=(const parser&) = delete;
    ~parser();

    /// Takes bytes and says how many it used up; the others are to be given again, with what comes after them. They are
    /// the beginning of one line, no longer than limits::head_bytes.
    std::size_t feed(std::string_view bytes);
    /// The stream has ended: completes a response whose length was not stated.
    void end_of_stream();
    /// The next message of the same connection. A response to HEAD has no body.
    void reset(bool without_body = false);

    [[nodiscard]] progress at() const noexcept;
    [[nodiscard]] const message_type& message() const noexcept;
    /// Moves what has come of the body into `into`, whose memory is used again.
    void take_body(std::string& into) noexcept;
    /// Of a failed request: the status to answer with.
    [[nodiscard]] int refusal() const noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

extern template class parser<true>;
extern template class parser<false>;

using request_parser = parser<true>;
using response_parser = parser<false>;

}  // namespace http
