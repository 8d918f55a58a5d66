// What the code on the pages may take as given: the library, the usual headers, and short names. A program registers
// itself by its name, so that one executable holds all of them.
#pragma once

#include <algorithm>
#include <array>
#include <bifilar/bifilar.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

class docs_program {
public:
    docs_program(const char* name, int (*main)());
    docs_program(const char* name, int (*main)(int, char**));
};
