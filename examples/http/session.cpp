// What a server answers, request by request; the order of reading, writing and files is next().
#include "session.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace http {
namespace {

// Answers to pipelined requests are written together up to about so many bytes.
constexpr std::size_t bytes_per_write = 64 * 1024;
// Room behind the longest head, so that bodies do not come in morsels.
constexpr std::size_t body_room = 8 * 1024;

}  // namespace

session::session(const settings& given)
    : given_{&given},
      parser_{given.most},
      capacity_{given.most.head_bytes + body_room},
      input_{std::make_unique_for_overwrite<char[]>(capacity_)} {
    output_.reserve(1024);
}

session::step session::next(bool stopping) {
    while (phase_ == phase::requests && output_.size() < bytes_per_write)
        if (!advance(stopping)) break;
    if (!output_.empty()) return step::write;
    switch (phase_) {
        case phase::opening:
            return step::open;
        case phase::sending:
            return step::send;
        case phase::closing:
            return step::close;
        case phase::requests:
            break;
    }
    const clock::time_point now = clock::now();
    if (is_idle()) {
        if (stopping) return step::close;
        deadline_ = now + given_->most.idle_time;
    } else {
        if (began_ == clock::time_point{}) began_ = now;
        const limits& most = given_->most;
        deadline_ = began_ + (head_seen_ ? most.request_time : std::min(most.head_time, most.request_time));
    }
    return step::read;
}

// False when it needs more bytes.
bool session::advance(bool stopping) {
    const std::size_t used = parser_.feed({input_.get() + begin_, end_ - begin_});
    begin_ += used;
    switch (parser_.at()) {
        case progress::failed:
            refuse(parser_.refusal());
            return true;
        case progress::complete:
            answer(stopping);
            return true;
        case progress::body:
            if (!head_seen_) note_head();
            // A chunk's first line, or the trailers: neither may be longer than a head.
            if (used == 0 && end_ - begin_ > given_->most.head_bytes) {
                refuse(431);
                return true;
            }
            break;
        case progress::head:
        case progress::idle:
            break;
    }
    return used != 0 && begin_ != end_;
}

// The fields are there, the body is not.
void session::note_head() {
    head_seen_ = true;
    if (asked().expects_continue && asked().is_1_1 && begin_ == end_ && asked().body.empty())
        output_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

void session::answer(bool stopping) {
    closes_ = stopping || !asked().keeps_alive;
    if (asked().is_1_1 && asked().hosts != 1)
        refuse(400);
    else if (asked().target_too_long)
        refuse(414);
    else if (asked().method == method::unknown)
        refuse(501);
    else
        route();
}

void session::route() {
    const method how = asked().method;
    const bool reads = how == method::get || how == method::head;
    const std::string& target = asked().target;
    if (given_->root >= 0) {
        const auto path = path_of(target);
        if (!reads) {
            append_error(output_, 405, closes_, false, date_.now(), "Allow: GET, HEAD\r\n");
        } else if (!path) {
            return refuse(400);
        } else {
            path_ = *path;
            phase_ = phase::opening;
            return;
        }
    } else if (target == "/" && reads) {
        say("text/plain; charset=utf-8", "hello");
    } else if (target == "/echo" && how == method::post) {
        say("application/octet-stream", asked().body);
    } else if (target == "/" || target == "/echo") {
        append_error(output_, 405, closes_, is_head(), date_.now(),
                     target == "/" ? "Allow: GET, HEAD\r\n" : "Allow: POST\r\n");
    } else {
        append_error(output_, 404, closes_, is_head(), date_.now());
    }
    finish_request();
}

answer_head session::head(int status) const {
    answer_head made;
    made.status = status;
    made.closes = closes_;
    made.keeps_1_0 = !asked().is_1_1;
    return made;
}

void session::say(std::string_view type, std::string_view body) {
    answer_head made = head(200);
    made.type = type;
    made.bytes = body.size();
    append_head(output_, made, date_.now());
    if (!is_head()) output_ += body;
}

// What follows cannot be told apart from the refused request, or should not be: the connection ends.
void session::refuse(int status, std::string_view more) {
    append_error(output_, status, true, is_head(), date_.now(), more);
    phase_ = phase::closing;
    lingers_ = true;
}

void session::finish_request() {
    phase_ = closes_ ? phase::closing : phase::requests;
    lingers_ = closes_;  // More requests may be on their way, and would reset the connection.
    parser_.reset();
    head_seen_ = false;
    began_ = {};
}

std::span<std::byte> session::room() noexcept {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (begin_ != 0 && capacity_ - end_ < body_room) {
        std::memmove(input_.get(), input_.get() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
    }
    return std::as_writable_bytes(std::span{input_.get() + end_, capacity_ - end_});
}

void session::time_out() {
    if (is_idle())
        end();
    else
        refuse(408);
}

void session::wrote() {
    // A connection does not keep the memory of its largest answer.
    output_.clear();
    if (output_.capacity() > bytes_per_write) output_.shrink_to_fit();
}

void session::opened(opened_file made) {
    if (made.status == 301) {
        const std::string location = "Location: /" + encoded(path_) + "/\r\n";
        append_error(output_, 301, closes_, is_head(), date_.now(), location);
        return finish_request();
    }
    if (made.status != 200) {
        append_error(output_, made.status, closes_, is_head(), date_.now());
        return finish_request();
    }
    const std::string modified = date_text(made.file.modified);
    std::string more = "Accept-Ranges: bytes\r\nLast-Modified: " + modified + "\r\n";
    answer_head text = head(200);
    text.type = made.file.type;
    part_ = {0, made.file.bytes};
    const auto since = asked().if_modified_since.empty() ? std::nullopt : parse_date(asked().if_modified_since);
    const auto range = parse_range(asked().range, made.file.bytes);
    if (since && made.file.modified <= *since) {
        text.status = 304;
        part_.bytes = 0;
    } else if (range && range->bytes == 0) {
        more = "Content-Range: bytes */" + std::to_string(made.file.bytes) + "\r\n";
        append_error(output_, 416, closes_, is_head(), date_.now(), more);
        return finish_request();
    } else if (range) {
        text.status = 206;
        part_ = *range;
        more += "Content-Range: bytes " + std::to_string(part_.offset) + "-" +
                std::to_string(part_.offset + part_.bytes - 1) + "/" + std::to_string(made.file.bytes) + "\r\n";
    }
    text.bytes = part_.bytes;
    text.more = more;
    append_head(output_, text, date_.now());
    if (is_head() || part_.bytes == 0) return finish_request();
    file_ = std::move(made.file);
    phase_ = phase::sending;
}

byte_range session::file_part() const noexcept {
    return {part_.offset, std::min<std::uint64_t>(part_.bytes, file_bytes_per_write)};
}

void session::sent(std::uint64_t bytes) {
    part_.offset += bytes;
    part_.bytes -= bytes;
    if (part_.bytes != 0) return;
    file_ = static_file{};
    finish_request();
}

}  // namespace http
