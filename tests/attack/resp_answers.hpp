// What a server of the Redis protocol answers, read as a client reads it.
#pragma once

#include <cstddef>
#include <string_view>

namespace attack {

struct resp_answers {
    std::size_t complete = 0;    ///< Answers, and refusals.
    bool is_well_formed = true;  ///< The last may be cut.
};

[[nodiscard]] resp_answers read_resp_answers(std::string_view text);

}  // namespace attack
