// Programs that tests start, and the models that start them.
#pragma once

#include <bifilar/io/process/command.hpp>
#include "both/in_each_model.hpp"

#include <string>
#include <sys/wait.h>
#include <thread>

namespace tests {

namespace bf = bifilar;

inline bf::command shell(const std::string& script) { return bf::command{"sh", "-c", script}; }

inline std::string output_of(const bf::command& what) {
    const auto ended = bf::block_on(what.output());
    REQUIRE(ended.has_value());
    CHECK(ended->status.success());
    return ended->standard_output;
}

// What is opened once and stays open.
inline void warm_up() {
    bf::runtime rt{both::small_runtime()};
    (void)rt.run([]() { return bf::command{"true"}.output(); });
    (void)bf::block_on(bf::command{"true"}.output());
}

// Returns when the process has no child any more. It takes no status: that is for the library to do.
inline void await_no_children() {
    siginfo_t ended{};
    while (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0) std::this_thread::yield();
}

}  // namespace tests
