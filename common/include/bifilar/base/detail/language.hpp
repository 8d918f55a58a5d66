// The version of the language. First in every header that includes no other of ours, so that it is seen before anything
// that an older version does not understand.
#pragma once

#if __cplusplus < 202100L
// A header that is not there ends the compilation at once, which #error does not: thousands of lines would follow.
#include <bifilar needs C++23: compile with -std=c++23, or set CMAKE_CXX_STANDARD to 23>
#endif
