// Where a poll is that goes on: its worker is stopped alone, as long as it takes to copy the stack, and the copy is
// read when it runs again.
#pragma once

#include "dump/frame_names.hpp"
#include "dump/frame_tables.hpp"
#include "dump/running_task.hpp"
#include "dump/unwind_rules.hpp"

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/runtime/stall.hpp>
#include <bifilar/sched/detail/worker.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

namespace bifilar::sched {
class scheduler;
}

namespace bifilar::stall {

/// Not thread-safe.
class poll_reader {
public:
    enum class answer : std::uint8_t {
        taken,
        over,         ///< It is not that poll any more.
        busy,         ///< Somebody else is in the way, for a moment.
        not_stopped,  ///< Its thread gets no processor, blocks the signal, or is in a call that is not interrupted.
    };

    /// Throws std::bad_alloc.
    poll_reader();

    /// Takes a copy of what that poll of the worker is at. Throws std::bad_alloc, and std::system_error when the signal
    /// cannot be handled. Blocks for some milliseconds when the worker does not stop. Not in a simulation.
    [[nodiscard]] answer take(sched::scheduler& of, std::uint32_t worker, const sched::worker::poll_mark& expected);
    /// When the last was taken.
    [[nodiscard]] base::instant_ns taken_at_ns() const noexcept { return taken_at_ns_; }
    /// Tells of the last that was taken. The first time it reads the program's tables. Throws std::bad_alloc.
    void read(task_stall& into);

    /// Lets go of the tables once they are old: for the memory, and because code may have been loaded since.
    void forget_tables(base::instant_ns now) noexcept;

private:
    // What is known of the program's code.
    struct code_tables {
        dump::frame_tables tables;
        dump::unwind_rules rules;
        dump::frame_names names{tables};
        base::instant_ns made_at_ns = base::now_ns();
    };

    [[nodiscard]] answer copy(const dump::running_task& running) noexcept;
    void copy_stack(const parked_stack& stack) noexcept;
    void read_stack(std::vector<dumped_frame>& into);

    const std::unique_ptr<std::uint64_t[]> words_;  // Of the stack.
    std::size_t word_count_ = 0;                    // So many of them are valid.
    std::uint64_t copied_from_ = 0;                 // Where the first of them lay.
    parked_stack stack_;                            // Its registers; what it points to is not there any more.
    std::string name_;
    std::source_location spawned_at_{};
    std::string_view model_;
    base::instant_ns taken_at_ns_ = 0;
    std::unique_ptr<code_tables> code_;
};

}  // namespace bifilar::stall
