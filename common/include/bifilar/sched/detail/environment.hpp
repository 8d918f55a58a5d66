// What the scheduler asks of the part that assembles a runtime: where workers sleep, and which tasks it cannot see.
// The scheduler knows no driver and no fiber; this interface is how the floor above lends it both.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/detail/portion_visitor.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>

namespace bifilar::sched {

class blocking_pool;

class environment {
public:
    environment() noexcept = default;
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;
    virtual ~environment() = default;

    /// Makes the place where a worker sleeps. On the worker's thread; the scheduler's destructor destroys it, after
    /// that thread has ended. May throw: the scheduler's constructor then throws the same.
    [[nodiscard]] virtual std::unique_ptr<detail::parker> make_parker(std::uint32_t worker) = 0;

    /// The worker's thread starts and ends.
    virtual void thread_starts(std::uint32_t /*worker*/) {}
    virtual void thread_ends(std::uint32_t /*worker*/) noexcept {}

    /// Visits live tasks that do not live in the frame pool. All workers stand still; other threads may
    /// publish new ones meanwhile.
    virtual void visit_tasks(void (* /*visit*/)(detail::task_header&, void* argument) noexcept,
                             void* /*argument*/) noexcept {}

    /// The same in portions, for the visit with that number; see portion_visitor. Never waits.
    [[nodiscard]] virtual detail::portion visit_portion(std::uint32_t /*round*/,
                                                        detail::portion_visitor& /*to*/) noexcept {
        return detail::portion::last;
    }

    /// Whether calls that may block are queued or under way. When the last one ends, the runtime's time_keeper looks
    /// again. Any thread; asked while all workers rest.
    [[nodiscard]] virtual bool blocks() const noexcept { return false; }

    /// Whether an event of the kernel may wake a task by this parker, or nobody knows. Any thread; asked while its
    /// worker rests, or as a hint.
    [[nodiscard]] virtual bool awaits_events(const detail::parker& /*of*/) const noexcept { return true; }

    /// Threads for calls that may block, for the parts below; null: none, and such calls are made in place. The pool
    /// lives as long as tasks do. Any thread.
    [[nodiscard]] virtual blocking_pool* pool() noexcept { return nullptr; }

    /// How many threads the process has, besides those of schedulers and pools, of which it is known that they wake no
    /// task. Any thread.
    [[nodiscard]] virtual std::size_t quiet_threads() const noexcept { return 0; }

    /// Whether memory lies unused that trim() may give back. Any thread, before each sleep.
    [[nodiscard]] virtual detail::trim_need needs_trimming() const noexcept { return detail::trim_need::none; }
    /// Lays open what the worker keeps for itself and, when the last time was at least `pause` before `now`, gives back
    /// what nobody has needed since then; true when it was. On the worker's thread, which may take milliseconds for it.
    virtual bool trim(std::uint32_t /*worker*/, base::instant_ns /*now*/, base::instant_ns /*pause*/) noexcept {
        return false;
    }

    /// A fiber that runs on the calling thread was cancelled, has caught `cancelled` for the `times`-th time and waits
    /// again. Does not wait.
    virtual void swallowed_cancellation(const detail::task_header& /*task*/, std::uint32_t /*times*/) noexcept {}

    /// An exception left a task whose handle is gone. May end the process.
    virtual void detached_exception(const char* /*task_name*/, std::exception_ptr error) noexcept = 0;
};

}  // namespace bifilar::sched
