// Boost.Beast's basic_parser with callbacks that copy what matters. Header-only; allocates nothing for heads that come
// in one piece.
#include "parser.hpp"

// Beast 1.81 asserts that there are five bytes where the empty last chunk is looked at again; when it is the first one
// there may be four, with which its code is right. Without this a peer could end the process.
#define BOOST_DISABLE_ASSERTS
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <charconv>
#include <optional>

namespace http {
namespace {

namespace beast = boost::beast::http;
using beast_error = boost::system::error_code;
using beast_view = boost::beast::string_view;

std::string_view view(beast_view text) noexcept { return {text.data(), text.size()}; }

method method_of(beast::verb verb) noexcept {
    switch (verb) {
        case beast::verb::get:
            return method::get;
        case beast::verb::head:
            return method::head;
        case beast::verb::post:
            return method::post;
        case beast::verb::unknown:
            return method::unknown;
        default:
            return method::other;
    }
}

bool needs_more(const beast_error& error) { return error == beast::error::need_more; }

int status_of(const beast_error& error) {
    if (error == beast::error::header_limit) return 431;
    if (error == beast::error::body_limit) return 413;
    if (error == beast::error::bad_version) return 505;
    return 400;
}

// Both kinds: the body and the limits.
template <bool IsRequest>
class collector : public beast::basic_parser<IsRequest> {
public:
    using message_type = typename parser<IsRequest>::message_type;

    collector(message_type& into, const limits& most) : into_{&into}, most_{&most} {
        this->eager(true);
        this->header_limit(static_cast<std::uint32_t>(most.head_bytes));
        this->body_limit(most.body_bytes);
    }

private:
    void on_request_impl(beast::verb verb, beast_view, beast_view target, int version, beast_error& error) override {
        error = {};
        if constexpr (IsRequest) {
            into_->method = method_of(verb);
            into_->is_1_1 = version >= 11;
            into_->target_too_long = target.size() > most_->target_bytes;
            if (!into_->target_too_long) into_->target.assign(target.data(), target.size());
        }
    }
    void on_response_impl(int code, beast_view, int, beast_error& error) override {
        error = {};
        if constexpr (!IsRequest) into_->status = code;
    }
    void on_field_impl(beast::field name, beast_view, beast_view value, beast_error& error) override {
        error = {};
        if (this->is_header_done()) return;  // A trailer, which must not pass for a field (RFC 9110, 6.5.1).
        if constexpr (IsRequest) {
            if (name == beast::field::host)
                ++into_->hosts;
            else if (name == beast::field::if_modified_since)
                into_->if_modified_since = view(value);
            else if (name == beast::field::range)
                into_->range = view(value);
            else if (name == beast::field::expect)
                into_->expects_continue = boost::beast::iequals(value, "100-continue");
        } else {
            note_field(name, view(value));
        }
    }
    void note_field(beast::field name, std::string_view value)
        requires(!IsRequest)
    {
        if (name == beast::field::location) {
            into_->location = value;
        } else if (name == beast::field::content_range) {
            into_->content_range = value;
        } else if (name == beast::field::accept_ranges) {
            into_->takes_ranges = value == "bytes";
        } else if (name == beast::field::content_length) {
            std::uint64_t bytes = 0;
            if (std::from_chars(value.data(), value.data() + value.size(), bytes).ec == std::errc{})
                into_->content_length = bytes;
        }
    }
    void on_header_impl(beast_error& error) override {
        error = {};
        into_->keeps_alive = this->keep_alive();
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast_error& error) override { error = {}; }
    std::size_t on_body_impl(beast_view bytes, beast_error& error) override {
        error = {};
        into_->body.append(bytes.data(), bytes.size());
        return bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t, beast_view, beast_error& error) override { error = {}; }
    std::size_t on_chunk_body_impl(std::uint64_t, beast_view bytes, beast_error& error) override {
        return on_body_impl(bytes, error);
    }
    void on_finish_impl(beast_error& error) override { error = {}; }

    message_type* into_;
    const limits* most_;
};

void clear(request& message) {
    message.target.clear();
    message.if_modified_since.clear();
    message.range.clear();
    message.hosts = 0;
    message.expects_continue = message.target_too_long = message.keeps_alive = false;
    message.method = method::unknown;
}
void clear(response& message) {
    message.location.clear();
    message.content_range.clear();
    message.content_length.reset();
    message.status = 0;
    message.takes_ranges = message.keeps_alive = false;
}

}  // namespace

template <bool IsRequest>
class parser<IsRequest>::state {
public:
    explicit state(const limits& most) : limits_{most} { reset(false); }

    void reset(bool without_body) {
        // A connection does not keep the memory of its largest body.
        constexpr std::size_t worth_keeping = 16 * 1024;
        message_.body.clear();
        if (message_.body.capacity() > worth_keeping) message_.body.shrink_to_fit();
        clear(message_);
        error_ = {};
        parser_.emplace(message_, limits_);
        parser_->skip(without_body);
    }

    const limits limits_;
    message_type message_;
    std::optional<collector<IsRequest>> parser_;
    beast_error error_;
};

template <bool IsRequest>
parser<IsRequest>::parser(const limits& most) : state_{std::make_unique<state>(most)} {}
template <bool IsRequest>
parser<IsRequest>::~parser() = default;

template <bool IsRequest>
std::size_t parser<IsRequest>::feed(std::string_view bytes) {
    if (bytes.empty() || at() == progress::complete || at() == progress::failed) return 0;
    beast_error error;
    const std::size_t used = state_->parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (!needs_more(error)) state_->error_ = error;
    return used;
}

template <bool IsRequest>
void parser<IsRequest>::end_of_stream() {
    if (at() != progress::body && at() != progress::head) return;
    beast_error error;
    state_->parser_->put_eof(error);
    state_->error_ = error;
}

template <bool IsRequest>
void parser<IsRequest>::reset(bool without_body) {
    state_->reset(without_body);
}

template <bool IsRequest>
progress parser<IsRequest>::at() const noexcept {
    const collector<IsRequest>& parser = *state_->parser_;
    if (state_->error_) return progress::failed;
    if (parser.is_done()) return progress::complete;
    if (parser.is_header_done()) return progress::body;
    return parser.got_some() ? progress::head : progress::idle;
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
    return status_of(state_->error_);
}

template class parser<true>;
template class parser<false>;

}  // namespace http
