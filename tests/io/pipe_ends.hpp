// Both ends of a new pipe.
#pragma once

#include "catch.hpp"

#include <bifilar/io/process/pipe.hpp>
#include <utility>

namespace tests {

using pipe_ends = std::pair<bifilar::pipe_reader, bifilar::pipe_writer>;

inline pipe_ends open_pipe() {
    auto made = bifilar::make_pipe();
    REQUIRE(made.has_value());
    return std::move(*made);
}

}  // namespace tests
