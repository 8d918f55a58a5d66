// The second implementation of base::thread_gate: a blocked thread is one that the search does not choose.
// Builds on model/hooks.hpp. A timed wait may end by time at any moment, as often as the model
// allows; else when nobody else can run.
#pragma once

#include <model/hooks.hpp>

#include <cstdint>

namespace bifilar::base {

/// One waiter, any number of openers. An opening is remembered until a wait consumes it.
class thread_gate {
public:
    thread_gate() noexcept { model::detail::born(&open_); }
    ~thread_gate() { model::detail::gone(&open_); }
    thread_gate(const thread_gate&) = delete;
    thread_gate& operator=(const thread_gate&) = delete;

    void wait() noexcept { model::detail::gate_wait(open_); }
    [[nodiscard]] bool wait_for(std::int64_t ns) noexcept { return model::detail::gate_wait_for(open_, ns); }
    void open() noexcept { model::detail::gate_open(open_); }

private:
    // Set by open, taken by wait. Plain, because one OS thread plays all threads.
    bool open_ = false;
};

}  // namespace bifilar::base
