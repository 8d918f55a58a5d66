// What a server said on one connection, taken apart by the letter: an answer that is not exactly as RFC 9112 has it, or
// as this server gives it, is a finding.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attack {

struct answers {
    std::vector<int> statuses;  ///< Final ones, in order.
    bool last_closes = false;   ///< The last one said so.
    std::string wrong;          ///< What is; empty: nothing.
};

/// `may_be_cut`: the connection ended by a reset, which may have taken the end away.
[[nodiscard]] answers read_answers(std::string_view text, bool may_be_cut);

}  // namespace attack
