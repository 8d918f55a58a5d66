// Programs that tests start, and the models that start them.
#pragma once

#include "both/in_each_model.hpp"
#include <bifilar/drivers/command.hpp>

#include <string>

namespace tests {

namespace bf = bifilar;

inline bf::command shell(const std::string& script) { return bf::command{"sh", "-c", script}; }

inline std::string output_of(const bf::command& what) {
    const auto ended = bf::block_on(what.output());
    REQUIRE(ended.has_value());
    CHECK(ended->status.success());
    return ended->standard_output;
}

template <class Body>
void in_both(Body body) {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        INFO("model: " << (on == bf::backend::stackless ? "stackless" : "stackful"));
        bf::runtime rt{both::small_runtime()};
        rt.run(body, on);
    }
}

// What is opened once and stays open.
inline void warm_up() {
    bf::runtime rt{both::small_runtime()};
    (void)rt.run([]() { return bf::command{"true"}.output(); });
    (void)bf::block_on(bf::command{"true"}.output());
}

}  // namespace tests
