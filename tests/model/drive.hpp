// Futures driven by the threads of a model.
#pragma once

#include "model_task.hpp"

#include <bifilar/future/future.hpp>

#include <array>

namespace model {

// As block_on, without turns: a yield is a poll.
template <class Future>
auto wait_for(Future& f, gated_task& task) {
    for (;;) {
        (void)task.state_.begin_run();
        bifilar::context cx{task};
        if (auto answer = f.poll(cx)) return answer.take();
        if (cx.yielding()) continue;
        if (task.state_.end_pending() == bifilar::detail::park_result::parked) task.gate.wait();
    }
}

// One poll, then the future goes: a cancellation at any moment. True when it was ready.
template <class Future>
bool glance(Future f, gated_task& task) {
    bifilar::context cx{task};
    return f.poll(cx).is_ready();
}

using tasks = std::array<gated_task, 3>;

}  // namespace model
