// How many rounds a test of chance makes: a fifth of them where BIFILAR_SHORT_TESTS is set, as tests/run does.
#pragma once

#include <cstdlib>

namespace tests {

template <class Count>
Count rounds_of(Count usual) {
    return std::getenv("BIFILAR_SHORT_TESTS") == nullptr || usual < 5 ? usual : usual / 5;
}

}  // namespace tests
