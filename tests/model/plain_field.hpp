// What is known of a plain variable: who has made it, and when each thread has touched it last.
// Builds on clocks.
#pragma once

#include "clocks.hpp"

#include <cstddef>

namespace model {

struct plain_field {
    const void* address = nullptr;
    event made{};
    bool gone = false;
    vector_clock read{};
    vector_clock written{};

    void meet(const void* where, std::size_t /*number*/) noexcept { *this = {.address = where}; }
};

}  // namespace model
