// The client's side of HTTP/1.1: one connection at a time, kept while the next request is for the same host.
// Bodies come piece by piece, so their size does not matter.
#pragma once

#include "parser.hpp"
#include "url.hpp"

#include <bifilar/bifilar.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace http {

/// A server did not answer, or not as it should. The message names the host.
class failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// How long a client waits before it gives up, with a failure.
struct patience {
    std::chrono::milliseconds connect{10'000};  ///< For a connection, the name's lookup included.
    std::chrono::milliseconds silence{30'000};  ///< For the server's next bytes, or until it takes the request.
};

/// One task at a time. Coroutines, to be awaited by either model; when one throws or is cancelled, the next ask()
/// begins with a new connection.
class client {
public:
    explicit client(patience how = {});

    /// Sends a request, follows up to five redirects, which change `at`, and is ready with the head of the answer,
    /// valid until the next ask(). `fields`: whole lines. Throws failure when there is no answer, be it behind sixteen
    /// with a status of 100 to 199.
    bifilar::task<const response*> ask(url& at, method how = method::get, std::string fields = {});

    /// What comes next of the answer's body, valid until the next call; empty: that was all. Throws failure when the
    /// connection ends within the body.
    bifilar::task<std::string_view> read_body();

private:
    bifilar::task<> request(const url& at, method how, const std::string& fields);
    bifilar::task<bool> attempt(std::string text, bool without_body);
    bifilar::task<> open(const std::string& host);
    bifilar::task<bool> more();
    void feed();

    patience how_;
    response_parser parser_;
    std::string host_;  // To which stream_ is connected.
    std::optional<bifilar::tcp_stream> stream_;
    std::unique_ptr<char[]> buffer_;
    std::string pending_;  // Was read and not yet parsed.
    std::string body_;     // What the caller looks at.
};

}  // namespace http
