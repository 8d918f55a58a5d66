// Bytes that show when some are missing or come in another order.
#pragma once

#include <cstddef>
#include <string>

namespace tests {

inline std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t n = 0; n < bytes; ++n) text[n] = static_cast<char>(n * 31 + n / 4096);
    return text;
}

}  // namespace tests
