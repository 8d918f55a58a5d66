// What of RFC 3986 clients need that fetch what they are told to fetch.
#include "url.hpp"

#include <algorithm>
#include <stdexcept>

namespace http {

url parse_url(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    const std::string quoted = "'" + std::string{text} + "'";
    if (!text.starts_with(scheme)) throw std::invalid_argument{quoted + " is no URL that starts with http://"};
    // They would end the request's line, or its target.
    if (std::any_of(text.begin(), text.end(), [](char one) { return static_cast<unsigned char>(one) <= ' '; }))
        throw std::invalid_argument{quoted + " has spaces or control characters; write them as %20 and so on"};
    text = text.substr(scheme.size(), text.find('#') - scheme.size());
    const std::size_t slash = std::min(text.find_first_of("/?"), text.size());
    url made;
    made.host = text.substr(0, slash);
    made.path = text.substr(slash);
    if (!made.path.starts_with('/')) made.path.insert(0, "/");
    if (made.host.empty() || made.host.find('@') != std::string::npos)
        throw std::invalid_argument{quoted + " names no host; give http://HOST:PORT/PATH"};
    const std::size_t bracket = made.host.rfind(']');  // Of an IPv6 address.
    if (made.host.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) made.host += ":80";
    return made;
}

url redirected(const url& from, std::string_view location) {
    const bool stays = location.starts_with('/') && !location.starts_with("//");
    return parse_url(stays ? "http://" + from.host + std::string{location} : std::string{location});
}

}  // namespace http
