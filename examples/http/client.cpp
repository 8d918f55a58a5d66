// Each wait has its own limit of time: a server may take long in all, but not be silent for long.
#include "client.hpp"

#include <limits>
#include <span>

namespace bf = bifilar;

namespace http {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;
// Of the fields, and of what is parsed in one piece behind them: a chunk's first line, the trailers.
constexpr std::size_t head_bytes = 64 * 1024;
constexpr int max_redirects = 5;
// Each is a sign of life, so that silence alone would not end them.
constexpr int max_announcements = 16;
// Bodies of redirects up to this size are read, so that the connection can be kept.
constexpr std::uint64_t read_for_reuse_bytes = 64 * 1024;

limits client_limits() {
    limits made;
    made.head_bytes = head_bytes;
    made.body_bytes = std::numeric_limits<std::int64_t>::max();  // They are taken as they come; no file has more.
    return made;
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

url follow(const url& from, const std::string& location) try {
    return redirected(from, location);
} catch (const std::invalid_argument& error) {
    throw failure{from.host + " redirects to what is no use: " + error.what()};
}

std::string text_of(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

}  // namespace

client::client(patience how)
    : how_{how}, parser_{client_limits()}, buffer_{std::make_unique_for_overwrite<char[]>(buffer_bytes)} {}

bf::task<const response*> client::ask(url& at, method how, std::string fields) {
    for (int redirects = 0;; ++redirects) {
        co_await request(at, how, fields);
        const response& got = parser_.message();
        if (!is_redirect(got.status) || got.location.empty()) co_return &got;
        if (redirects == max_redirects) throw failure{at.host + " redirects more than five times"};
        at = follow(at, got.location);
        if (how == method::head || got.content_length.value_or(read_for_reuse_bytes + 1) > read_for_reuse_bytes)
            continue;
        for (;;) {
            const std::string_view dropped = co_await read_body();
            if (dropped.empty()) break;
        }
    }
}

bf::task<std::string_view> client::read_body() {
    for (;;) {
        parser_.take_body(body_);
        if (!body_.empty() || parser_.at() == progress::complete) co_return body_;
        (void)co_await more();
    }
}

bf::task<> client::request(const url& at, method how, const std::string& fields) {
    const std::string text = (how == method::head ? "HEAD " : "GET ") + at.path + " HTTP/1.1\r\nHost: " + at.host +
                             "\r\nUser-Agent: bifilar-example\r\n" + fields + "\r\n";
    // What was not read to its end would come before the answer.
    bool reused = stream_.has_value() && host_ == at.host && parser_.at() == progress::complete &&
                  parser_.message().keeps_alive && pending_.empty();
    for (;; reused = false) {
        if (!reused) co_await open(at.host);
        const bool answered = co_await attempt(text, how == method::head);
        if (answered) co_return;
        // The server may have ended the kept connection just now.
        if (!reused) throw failure{at.host + " closed the connection without an answer"};
    }
}

// False when the connection ended before the first byte of an answer.
bf::task<bool> client::attempt(std::string text, bool without_body) {
    parser_.reset(without_body);
    pending_.clear();
    const auto sent = co_await bf::timeout(stream_->write_all(std::as_bytes(std::span{text})), how_.silence);
    if (!sent) throw failure{host_ + " did not take the request within " + text_of(how_.silence)};
    if (!*sent) co_return false;
    for (int announced = 0;; ++announced) {
        while (parser_.at() == progress::idle || parser_.at() == progress::head) {
            const bool some = co_await more();
            if (!some) co_return false;
        }
        if (parser_.message().status / 100 != 1) co_return true;
        // Nobody asked to go over to another protocol.
        if (parser_.message().status == 101) throw failure{host_ + " does not speak HTTP/1.1"};
        // 100 to 199 announce the answer.
        if (announced == max_announcements) throw failure{host_ + " announces its answer more than sixteen times"};
        parser_.reset(without_body);
        feed();
    }
}

bf::task<> client::open(const std::string& host) {
    stream_.reset();
    auto made = co_await bf::timeout(bf::connect(host), how_.connect);
    if (!made) throw failure{"cannot connect to " + host + " within " + text_of(how_.connect)};
    if (!*made) throw failure{"cannot connect to " + host + ": " + made->error().message()};
    stream_.emplace(std::move(**made));
    host_ = host;
}

// Reads what is there and parses it. False: the connection has ended, and nothing of an answer had come.
bf::task<bool> client::more() {
    const std::span<char> room{buffer_.get(), buffer_bytes};
    const auto got = co_await bf::timeout(stream_->read(std::as_writable_bytes(room)), how_.silence);
    if (!got) throw failure{host_ + " said nothing for " + text_of(how_.silence)};
    const std::size_t count = got->value_or(0);
    if (count != 0) {
        pending_.append(buffer_.get(), count);
        feed();
    } else {
        if (parser_.at() == progress::idle) co_return false;
        // The end of the connection may be that of the body, an error never is.
        if (*got) parser_.end_of_stream();
        if (parser_.at() != progress::complete)
            throw failure{host_ + " ended the connection within its answer" +
                          (*got ? std::string{} : ": " + got->error().message())};
    }
    if (parser_.at() == progress::failed) throw failure{host_ + " does not speak HTTP/1.1"};
    co_return true;
}

void client::feed() {
    for (std::size_t used = 1; used != 0 && parser_.at() != progress::complete;)
        pending_.erase(0, used = parser_.feed(pending_));
}

}  // namespace http
