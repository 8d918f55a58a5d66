// Takes a dump: stops workers for a portion at a time, notes, and then says what the notes mean.
#pragma once

#include "collector.hpp"
#include "frame_names.hpp"
#include "frame_tables.hpp"
#include "running_task.hpp"
#include "unwind_rules.hpp"
#include "wait_graph.hpp"

#include <bifilar/runtime/dump.hpp>

#include <optional>
#include <vector>

namespace bifilar::sched {
class scheduler;
class worker_freeze;
}  // namespace bifilar::sched

namespace bifilar::dump {

/// For one dump. The runtime lives as long.
class assembly {
public:
    explicit assembly(sched::scheduler& of);

    /// Throws std::bad_alloc, and std::system_error when the signal cannot be handled. Blocks.
    [[nodiscard]] runtime_dump take();

private:
    void collect();
    template <class Look>
    [[nodiscard]] std::optional<detail::portion> pause(sched::worker_freeze& freeze, base::instant_ns limit, Look look);
    void see_running(const sched::worker_freeze& freeze) noexcept;
    [[nodiscard]] dumped_task read(const noted_task& task);
    [[nodiscard]] dumped_wait read_wait(const noted_task& task, std::size_t& at, dumped_task& of);
    static void name_wait(const std::source_location& place, std::vector<dumped_frame>& frames);
    void name_tasks();
    void find_deadlocks();
    template <class Visitor>
    [[nodiscard]] bool look_again(Visitor& to);

    sched::scheduler& of_;
    frame_tables tables_;
    unwind_rules rules_;
    collector notes_{rules_};
    std::vector<running_task> running_;
    frame_names names_{tables_};
    runtime_dump made_;
};

}  // namespace bifilar::dump
