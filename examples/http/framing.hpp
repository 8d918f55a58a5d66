// Where a message ends and whether another may follow on its connection: what the fields say about that. Two who read
// these differently can be made to take a part of one request for another, so only what has one meaning is accepted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace http {

class framing {
public:
    /// Takes note of a field if it is one of these; false: it is another.
    bool note(std::string_view name, std::string_view value) noexcept;

    /// When all fields are there: 0, or the status for a message whose end is not certain: 400, or 501 where there are
    /// codings beside chunked.
    [[nodiscard]] int refusal(bool is_1_1) const noexcept;

    [[nodiscard]] bool is_chunked() const noexcept { return has_codings_; }
    /// In bytes; what no number holds is the largest one.
    [[nodiscard]] std::optional<std::uint64_t> length() const noexcept {
        return lengths_ == 0 ? std::nullopt : std::optional{length_};
    }
    [[nodiscard]] bool keeps_alive(bool is_1_1) const noexcept { return !says_close_ && (is_1_1 || says_keep_alive_); }

private:
    void note_codings(std::string_view list) noexcept;

    std::uint64_t length_ = 0;
    unsigned lengths_ = 0;
    unsigned chunked_ = 0;  // How often it is among the codings.
    bool has_codings_ = false;
    bool ends_chunked_ = false;  // It is the last of them.
    bool has_others_ = false;
    bool is_malformed_ = false;
    bool says_close_ = false;
    bool says_keep_alive_ = false;
};

}  // namespace http
