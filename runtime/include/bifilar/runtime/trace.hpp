// The latest events of a runtime's workers: who ran when, who woke whom, how long ready tasks waited. See
// runtime::trace.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/language.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bifilar {

/// Something that a worker has done, or a span of the program's own. Times are of std::chrono::steady_clock.
struct trace_event {
    /// What it was.
    enum class kind : std::uint8_t {
        first,  ///< A task runs for the first time: `from` is when it was spawned, `other` the task that has spawned
                ///< it.
        turn,   ///< A task has run; `other` is the task that had woken it, at `woken`.
        sleep,  ///< The worker has slept.
        span,   ///< A trace_span has ended.
    };

    kind what = kind::turn;            ///< See there.
    std::uint32_t worker = 0;          ///< By its number.
    bool last = false;                 ///< Of a turn: the task has ended with it.
    std::chrono::nanoseconds from{};   ///< When it began.
    std::chrono::nanoseconds to{};     ///< When it ended.
    std::chrono::nanoseconds woken{};  ///< Of a turn: since when the task was ready.
    std::uint64_t task = 0;            ///< dumped_task::number; 0: no task.
    std::uint64_t other = 0;           ///< Likewise; 0: a thread, the kernel or a timer.
    std::string_view model;            ///< Of first: as dumped_task has it.
    std::string text;                  ///< Of first: the task's name; of a span its own. At most 24 bytes.
};

/// What was left of the events of all workers.
class runtime_trace {
public:
    /// For the library.
    runtime_trace(std::vector<trace_event> events, std::uint32_t workers) noexcept
        : events_{std::move(events)}, workers_{workers} {}

    /// In the order of their ends.
    [[nodiscard]] const std::vector<trace_event>& events() const noexcept { return events_; }
    /// Workers of the runtime.
    [[nodiscard]] std::uint32_t workers() const noexcept { return workers_; }

    /// For Perfetto (ui.perfetto.dev) and chrome://tracing: a track for each worker, one for each task, and arrows from
    /// who woke to who was woken. See docs/guides/traces.md.
    /// Throws: std::bad_alloc.
    [[nodiscard]] std::string chrome_json() const;

private:
    std::vector<trace_event> events_;
    std::uint32_t workers_;
};

/// A part of what a task does, with a name, from the object's beginning to its end, however often the task waits
/// meanwhile. It costs two looks at the clock where the runtime traces, and nearly nothing elsewhere.
class trace_span {
public:
    /// The name is a constant, of which 24 bytes are kept.
    /// Thread: any; outside of a worker that traces it does nothing.
    explicit trace_span(const char* name) noexcept;
    trace_span(const trace_span&) = delete;
    trace_span& operator=(const trace_span&) = delete;
    ~trace_span();

private:
    const char* name_;  // Null: nobody traces.
    base::instant_ns from_ns_ = 0;
};

}  // namespace bifilar
