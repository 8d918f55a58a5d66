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

/// Something that a worker has done, or a span of the program's own. Times are of
/// std::chrono::steady_clock, in nanoseconds since its epoch.
struct trace_event {
    /// What it was.
    enum class kind : std::uint8_t {
        first_poll,  ///< A task runs for the first time: `from` is when it was spawned, `to` when it runs.
        poll,        ///< A task has run, maybe inside of another's poll.
        sleep,       ///< The worker has slept, maybe several times: with no poll in between they are one event.
        span,        ///< A trace_span has ended.
    };

    kind what = kind::poll;           ///< See there.
    std::uint32_t worker = 0;         ///< By its number.
    bool last = false;                ///< Of a poll: the task has ended with it.
    std::chrono::nanoseconds from{};  ///< When it began.
    std::chrono::nanoseconds to{};    ///< When it ended.
    /// Of a poll: since when the task was ready; after a yield, the end of its last poll.
    std::chrono::nanoseconds woken{};
    std::uint64_t task = 0;    ///< dumped_task::number; 0: no task.
    std::uint64_t parent = 0;  ///< Of first_poll: the task that has spawned it; 0: a thread.
    /// Of poll: the task that has woken it; 0: itself by a yield, a wake while it ran, a thread, the kernel or a timer.
    std::uint64_t woken_by = 0;
    std::string_view model;  ///< Of first_poll alone: as dumped_task has it.
    std::string text;        ///< Of first_poll alone the task's name, of a span its own. At most 24 bytes.
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
    /// The name outlives the span, as a string literal does; 24 bytes of it are kept.
    /// Thread: any; where it begins or ends outside of a worker that traces, it does nothing.
    explicit trace_span(const char* name) noexcept;
    trace_span(const trace_span&) = delete;
    trace_span& operator=(const trace_span&) = delete;
    ~trace_span();

private:
    const char* name_;  // Null: nobody traces.
    base::instant_ns from_ns_ = 0;
};

}  // namespace bifilar
