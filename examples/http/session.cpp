// What a server answers, request by request; the order of reading, writing and files is next().
#include "session.hpp"

#include "conditions.hpp"

#include <bifilar/runtime/this_runtime.hpp>
#include <algorithm>
#include <cstring>
#include <utility>

namespace http {
namespace {

// Answers to pipelined requests are written together up to about so many bytes.
constexpr std::size_t bytes_per_write = 16 * 1024;
// Room behind the longest head, so that bodies do not come in morsels.
constexpr std::size_t body_room = 8 * 1024;

// The head of an answer without lines of its own has less.
constexpr std::size_t own_head_bytes = 256;

// What a string allocates beyond what it has when so many bytes are appended: twice that, or what is needed.
std::size_t growth(const std::string& of, std::size_t bytes) noexcept {
    return of.size() + bytes <= of.capacity() ? 0 : std::max(of.capacity(), bytes);
}

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
    const std::string_view bytes{input_.get() + begin_, end_ - begin_};
    if (parser_.at() == progress::body && !affords(growth(asked().body, bytes.size()))) {
        refuse(503);
        return true;
    }
    const std::size_t used = parser_.feed(bytes);
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
    if (asked().method == method::unknown)
        refuse(501);
    else
        route();
}

// Whether what it has in memory, and so much more, is its own or can be had from what all share.
bool session::affords(std::size_t more) {
    const std::size_t bytes = asked().body.capacity() + output_.capacity() + more;
    return bytes <= own_bytes || borrows(bytes - own_bytes);
}

bool session::borrows(std::size_t bytes) {
    if (given_->memory == nullptr || bytes <= loan_.bytes()) return true;
    if (loan_) return loan_.try_grow(bytes - loan_.bytes());
    loan_ = given_->memory->try_take(bytes);
    return static_cast<bool>(loan_);
}

void session::route() {
    const method how = asked().method;
    const bool reads = how == method::get || how == method::head;
    const std::string_view target = std::string_view{asked().target}.substr(0, asked().target.find('?'));
    if (reads && !given_->metrics.empty() && target == given_->metrics) {
        const bifilar::runtime_metrics now = bifilar::this_runtime::metrics();
        const bool open = asked().takes_open_metrics;
        if (!tell(open ? now.open_metrics_type : now.prometheus_type, open ? now.open_metrics() : now.prometheus()))
            return;
    } else if (reads && !given_->trace.empty() && target == given_->trace) {
        if (!tell("application/json", bifilar::this_runtime::trace().chrome_json())) return;
    } else if (given_->root >= 0) {
        const auto path = path_of(asked().target);
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
        if (!affords(growth(output_, own_head_bytes + asked().body.size()))) return refuse(503);
        say("application/octet-stream", asked().body);
    } else if (target == "/" || target == "/echo") {
        append_error(output_, 405, closes_, is_head(), date_.now(),
                     target == "/" ? "Allow: GET, HEAD\r\n" : "Allow: POST\r\n");
    } else {
        append_error(output_, 404, closes_, is_head(), date_.now());
    }
    finish_request();
}

// What was made for this answer. False: there is no memory for it, and the request is refused.
bool session::tell(std::string_view type, const std::string& body) {
    if (!affords(growth(output_, own_head_bytes + body.size()))) {
        refuse(503);
        return false;
    }
    say(type, body);
    return true;
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
    parser_.reset();  // The body may be what there was no room for.
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
    if (loan_) [[unlikely]] {
        const std::size_t held = asked().body.capacity() + output_.capacity();
        held <= own_bytes ? loan_.release() : loan_.shrink_to(held - own_bytes);
    }
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
    const std::time_t now = date_.moment();
    const version present = version_of(made.file.modified, made.file.bytes, now);
    std::string more =
        "Accept-Ranges: bytes\r\nETag: " + present.tag + "\r\nLast-Modified: " + date_text(present.modified) + "\r\n";
    answer_head text = head(200);
    text.type = made.file.type;
    part_ = {0, made.file.bytes};
    const judgement judged = judge(asked(), present);
    const bool in_part = asked().method == method::get && range_applies(asked(), present, now);
    const auto range = in_part ? parse_range(asked().range, made.file.bytes) : std::nullopt;
    if (judged == judgement::failed) {
        append_error(output_, 412, closes_, is_head(), date_.now());
        return finish_request();
    }
    if (judged == judgement::not_modified) {
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
