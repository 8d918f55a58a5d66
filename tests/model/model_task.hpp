// A task for models: its schedule operation opens a gate, and a thread that waits there runs it.
// Builds on core/task_header.hpp.
#pragma once

#include "engine.hpp"

#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/task/detail/task_header.hpp>

namespace model {

/// A claimed task belongs to whoever waits at its gate. Destroying it happens once and after all uses.
struct gated_task : bifilar::detail::task_header {
    explicit gated_task(std::uint64_t handles = 0) noexcept : task_header{kind, handles} {}

    static void schedule(bifilar::detail::task_header& task) noexcept {
        auto& self = static_cast<gated_task&>(task);
        ++self.scheduled;
        self.gate.open();
    }
    static void destroy(bifilar::detail::task_header& task) noexcept {
        auto& self = static_cast<gated_task&>(task);
        require(self.alive.get(), "a task was destroyed twice");
        self.alive.set(false);
    }
    static bifilar::detail::run_result run(bifilar::detail::task_header&, bifilar::context&) noexcept {
        require(false, "models run their tasks themselves");
        return bifilar::detail::run_result::done;
    }
    static constexpr bifilar::detail::operations kind{&run, &schedule, &destroy};

    bifilar::base::thread_gate gate;
    int scheduled = 0;  // How often; read at the end.
    cell<bool> alive{true, "the task's memory"};
};

}  // namespace model
