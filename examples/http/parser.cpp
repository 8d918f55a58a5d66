// One state for each thing that may come next. A line is looked at once, however often it is given in pieces.
#include "parser.hpp"

#include "framing.hpp"
#include "grammar.hpp"
#include "lines.hpp"

#include <algorithm>
#include <utility>

namespace http {
namespace {

void clear(request& message) {
    for (std::string* const text : {&message.target, &message.range, &message.if_range, &message.if_match,
                                    &message.if_none_match, &message.if_modified_since, &message.if_unmodified_since})
        text->clear();
    message.method = method::unknown;
    message.is_1_1 = message.keeps_alive = message.expects_continue = message.takes_open_metrics = false;
}
void clear(response& message) {
    for (std::string* const text : {&message.location, &message.content_range, &message.etag, &message.last_modified})
        text->clear();
    message.content_length.reset();
    message.status = 0;
    message.is_1_1 = message.takes_ranges = message.keeps_alive = false;
}

}  // namespace

template <bool IsRequest>
class parser<IsRequest>::state {
public:
    explicit state(const limits& most) : most_{most} {}

    std::size_t feed(std::string_view bytes);
    void end_of_stream();
    void reset(bool without_body);
    [[nodiscard]] progress at() const noexcept;

    message_type message_;
    int refusal_ = 0;

private:
    // What comes next.
    enum class stage : unsigned char {
        first_line,
        fields,
        counted,  // left_ bytes of the body.
        endless,  // The body, until the stream ends.
        chunk_line,
        chunk,  // left_ bytes of a chunk.
        chunk_end,
        trailers,
        complete,
        failed,
    };

    std::size_t step(std::string_view bytes);
    std::size_t line_step(std::string_view bytes);
    void take_line(std::string_view line);
    void take_first_line(std::string_view line);
    void take_field(std::string_view line);
    void take_chunk_line(std::string_view line);
    void end_head();
    [[nodiscard]] bool is_bodiless() const noexcept;
    std::size_t body_step(std::string_view bytes, stage after);
    void expect_body(std::uint64_t bytes, stage how);
    void spend(std::size_t bytes);
    void fail(int status) {
        stage_ = stage::failed;
        refusal_ = status;
    }

    const limits most_;
    framing framing_;
    std::uint64_t left_ = 0;
    std::uint64_t body_bytes_ = 0;  // Announced until now.
    std::size_t scanned_ = 0;       // Of the line that is incomplete.
    std::size_t spent_ = 0;         // Of head_bytes: by the head; then by what stands beside the body.
    unsigned hosts_ = 0;
    stage stage_ = stage::first_line;
    bool skipped_line_ = false;
    bool without_body_ = false;
};

template <bool IsRequest>
std::size_t parser<IsRequest>::state::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && stage_ != stage::complete && stage_ != stage::failed) {
        const std::size_t taken = step(bytes.substr(used));
        if (taken == 0) break;
        used += taken;
    }
    return used;
}

// How many bytes it used; 0: it needs more, or has failed.
template <bool IsRequest>
std::size_t parser<IsRequest>::state::step(std::string_view bytes) {
    switch (stage_) {
        case stage::counted:
            return body_step(bytes, stage::complete);
        case stage::chunk:
            return body_step(bytes, stage::chunk_end);
        case stage::endless:
            message_.body += bytes;
            return bytes.size();
        case stage::complete:
        case stage::failed:
            return 0;
        default:
            return line_step(bytes);
    }
}

template <bool IsRequest>
std::size_t parser<IsRequest>::state::body_step(std::string_view bytes, stage after) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
    message_.body += bytes.substr(0, taken);
    left_ -= taken;
    if (left_ == 0) stage_ = after;
    return taken;
}

template <bool IsRequest>
std::size_t parser<IsRequest>::state::line_step(std::string_view bytes) {
    scanned_ += text_bytes(bytes.substr(scanned_));
    // Behind a chunk there is nothing but the end of its line.
    if (stage_ == stage::chunk_end && scanned_ != 0) {
        fail(400);
        return 0;
    }
    const std::string_view end = bytes.substr(scanned_, 2);
    if (end.size() == 2 ? end != "\r\n" : !end.empty() && end != "\r") {
        fail(400);
        return 0;
    }
    if (spent_ + scanned_ > most_.head_bytes) {
        fail(stage_ == stage::first_line ? 414 : 431);
        return 0;
    }
    if (end.size() != 2) return 0;
    const std::string_view line = bytes.substr(0, std::exchange(scanned_, 0));
    take_line(line);
    return line.size() + 2;
}

template <bool IsRequest>
void parser<IsRequest>::state::take_line(std::string_view line) {
    switch (stage_) {
        case stage::first_line:
            return take_first_line(line);
        case stage::fields:
            spend(line.size() + 2);
            return line.empty() ? end_head() : take_field(line);
        case stage::chunk_line:
            return take_chunk_line(line);
        case stage::chunk_end:
            stage_ = stage::chunk_line;
            return;
        default:  // A trailer, which must not pass for a field (RFC 9110, 6.5.1).
            spend(line.size() + 2);
            if (line.empty())
                stage_ = stage::complete;
            else if (!read_field(line))
                fail(400);
    }
}

template <bool IsRequest>
void parser<IsRequest>::state::take_first_line(std::string_view line) {
    // Some clients send one more end of a line behind a body (RFC 9112, 2.2).
    if (IsRequest && line.empty() && !std::exchange(skipped_line_, true)) return;
    stage_ = stage::fields;
    spend(line.size() + 2);
    if (const int wrong = read_first_line(line, message_, most_)) fail(wrong);
}

template <bool IsRequest>
void parser<IsRequest>::state::take_field(std::string_view line) {
    const auto one = read_field(line);
    if (!one) return fail(400);
    if (framing_.note(one->name, one->value)) return;
    if (IsRequest && is_same(one->name, "host")) {
        if (++hosts_ > 1 || !is_host(one->value)) fail(400);
    } else if (!note_field(*one, message_)) {
        fail(400);
    }
}

template <bool IsRequest>
void parser<IsRequest>::state::end_head() {
    if (const int wrong = framing_.refusal(message_.is_1_1)) return fail(wrong);
    message_.keeps_alive = framing_.keeps_alive(message_.is_1_1);
    spent_ = 0;
    if constexpr (IsRequest) {
        if (message_.is_1_1 && hosts_ == 0) return fail(400);
        if (framing_.is_chunked())
            stage_ = stage::chunk_line;
        else
            expect_body(framing_.length().value_or(0), stage::counted);
    } else {
        message_.content_length = framing_.length();
        if (is_bodiless()) {
            stage_ = stage::complete;
        } else if (framing_.is_chunked()) {
            stage_ = stage::chunk_line;
        } else if (framing_.length()) {
            expect_body(*framing_.length(), stage::counted);
        } else {
            message_.keeps_alive = false;
            stage_ = stage::endless;
        }
    }
}

template <bool IsRequest>
bool parser<IsRequest>::state::is_bodiless() const noexcept {
    if constexpr (IsRequest)
        return false;
    else
        return without_body_ || message_.status / 100 == 1 || message_.status == 204 || message_.status == 304;
}

template <bool IsRequest>
void parser<IsRequest>::state::expect_body(std::uint64_t bytes, stage how) {
    if (bytes > most_.body_bytes - body_bytes_) return fail(413);
    body_bytes_ += bytes;
    left_ = bytes;
    stage_ = bytes != 0 ? how : stage::complete;
}

template <bool IsRequest>
void parser<IsRequest>::state::take_chunk_line(std::string_view line) {
    std::uint64_t bytes = 0;
    std::size_t digits = 0;
    for (; digits < line.size() && hexadecimal(line[digits]) >= 0; ++digits) {
        if (bytes >> 59U != 0) return fail(400);
        bytes = bytes << 4U | static_cast<std::uint64_t>(hexadecimal(line[digits]));
    }
    if (digits == 0 || !is_chunk_extension(line.substr(digits))) return fail(400);
    // Whoever says something about each byte of a body makes a long way of a short one.
    spend(line.size() - digits);
    if (stage_ == stage::failed) return;
    expect_body(bytes, stage::chunk);
    if (stage_ == stage::complete) stage_ = stage::trailers;
}

template <bool IsRequest>
void parser<IsRequest>::state::spend(std::size_t bytes) {
    spent_ += bytes;
    if (spent_ > most_.head_bytes) fail(431);
}

template <bool IsRequest>
void parser<IsRequest>::state::end_of_stream() {
    if (stage_ == stage::endless)
        stage_ = stage::complete;
    else if (stage_ != stage::complete)
        fail(400);
}

template <bool IsRequest>
void parser<IsRequest>::state::reset(bool without_body) {
    // A connection does not keep the memory of its largest body.
    constexpr std::size_t worth_keeping = 16 * 1024;
    message_.body.clear();
    if (message_.body.capacity() > worth_keeping) message_.body.shrink_to_fit();
    clear(message_);
    framing_ = {};
    left_ = body_bytes_ = 0;
    scanned_ = spent_ = 0;
    hosts_ = 0;
    refusal_ = 0;
    stage_ = stage::first_line;
    skipped_line_ = false;
    without_body_ = without_body;
}

template <bool IsRequest>
progress parser<IsRequest>::state::at() const noexcept {
    switch (stage_) {
        case stage::first_line:
            return scanned_ == 0 ? progress::idle : progress::head;
        case stage::fields:
            return progress::head;
        case stage::complete:
            return progress::complete;
        case stage::failed:
            return progress::failed;
        default:
            return progress::body;
    }
}

template <bool IsRequest>
parser<IsRequest>::parser(const limits& most) : state_{std::make_unique<state>(most)} {}
template <bool IsRequest>
parser<IsRequest>::~parser() = default;

template <bool IsRequest>
std::size_t parser<IsRequest>::feed(std::string_view bytes) {
    return state_->feed(bytes);
}

template <bool IsRequest>
void parser<IsRequest>::end_of_stream() {
    state_->end_of_stream();
}

template <bool IsRequest>
void parser<IsRequest>::reset(bool without_body) {
    state_->reset(without_body);
}

template <bool IsRequest>
progress parser<IsRequest>::at() const noexcept {
    return state_->at();
}

template <bool IsRequest>
auto parser<IsRequest>::message() const noexcept -> const message_type& {
    return state_->message_;
}

template <bool IsRequest>
void parser<IsRequest>::take_body(std::string& into) noexcept {
    into.clear();
    into.swap(state_->message_.body);
}

template <bool IsRequest>
int parser<IsRequest>::refusal() const noexcept {
    return state_->refusal_;
}

template class parser<true>;
template class parser<false>;

}  // namespace http
