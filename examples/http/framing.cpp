// RFC 9112, 6 and 9.3.
#include "framing.hpp"

#include "grammar.hpp"

namespace http {

bool framing::note(std::string_view name, std::string_view value) noexcept {
    if (is_same(name, "content-length")) {
        const auto bytes = decimal(value);
        // A second one, be it the same, is a sign that somebody on the way took the wrong one.
        if (!bytes || ++lengths_ > 1) is_malformed_ = true;
        length_ = bytes.value_or(0);
    } else if (is_same(name, "transfer-encoding")) {
        note_codings(value);
    } else if (is_same(name, "connection")) {
        for_each_element(value, [this](std::string_view option) {
            says_close_ |= is_same(option, "close");
            says_keep_alive_ |= is_same(option, "keep-alive");
        });
    } else {
        return false;
    }
    return true;
}

void framing::note_codings(std::string_view list) noexcept {
    has_codings_ = true;
    for_each_element(list, [this](std::string_view coding) {
        ends_chunked_ = is_same(coding, "chunked");
        if (ends_chunked_)
            ++chunked_;
        else if (is_token(coding))
            has_others_ = true;
        else
            is_malformed_ = true;
    });
}

int framing::refusal(bool is_1_1) const noexcept {
    if (is_malformed_) return 400;
    if (!has_codings_) return 0;
    if (!is_1_1 || lengths_ != 0 || !ends_chunked_ || chunked_ != 1) return 400;
    return has_others_ ? 501 : 0;
}

}  // namespace http
