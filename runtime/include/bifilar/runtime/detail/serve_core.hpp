// What the tasks of one server share: its counts, its limits, its wish to end; and a connection's place among them.
// Used by serve.hpp alone; lives in the frame of serve() and outlives every task that refers to it.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/runtime/serve_options.hpp>
#include <bifilar/sync/event.hpp>
#include <bifilar/sync/notify.hpp>
#include <bifilar/sync/semaphore.hpp>
#include <bifilar/sync/wait_group.hpp>
#include <utility>

namespace bifilar::detail {

/// What follows from an accept that failed.
enum class accept_failure : unsigned char {
    passing,    ///< It concerns one connection, or nothing: try the next.
    exhausted,  ///< Descriptors or memory are used up: wait until some are free.
    fatal,      ///< The listener will never work again.
};
[[nodiscard]] accept_failure judge_accept(std::error_code error) noexcept;

class serve_core {
public:
    /// Throws std::invalid_argument for options that no server can keep.
    serve_core(serve_options options, std::size_t listeners);
    serve_core(const serve_core&) = delete;
    serve_core& operator=(const serve_core&) = delete;

    [[nodiscard]] const serve_options& options() const noexcept { return options_; }
    /// For the task of a connection, and for the one that accepts from the n-th listener: where there are several, each
    /// begins on a worker of its own, whose driver tells it of connections from then on.
    [[nodiscard]] spawn_options connection_task() const;
    [[nodiscard]] spawn_options accepting_task(std::size_t n) const;

    /// Places for connections.
    [[nodiscard]] semaphore& room() noexcept { return room_; }
    /// Bytes that the connections share.
    [[nodiscard]] byte_budget& budget() noexcept { return budget_; }
    /// Connections that live.
    [[nodiscard]] wait_group& alive() noexcept { return alive_; }
    /// A connection has ended since the last wait: what it used is free.
    [[nodiscard]] notify& freed() noexcept { return freed_; }
    /// Set with the stop.
    [[nodiscard]] event& stopping() noexcept { return stopping_; }
    /// Set when a listener, or the wait for the stop, failed for good.
    [[nodiscard]] event& broken() noexcept { return broken_; }

    /// A listener, or a wait for the stop, failed for good; the first one's error is told. Any thread.
    void fail(std::error_code error) noexcept;
    /// An accept found nothing to accept with. Any thread.
    void note_exhausted(std::error_code error) noexcept;
    /// A connection has got a task, or had to be closed because there was no memory for one. Any thread.
    void note_accepted() noexcept;
    void note_refused() noexcept;
    /// A connection's handler has come to its end, or has thrown. Any thread.
    void note_ended() noexcept;
    void note_failed() noexcept;
    /// The number of the next connection, from 1 on. Any thread.
    [[nodiscard]] std::uint64_t next_number() noexcept;
    /// In a handler's catch block.
    void report(std::exception_ptr error) const noexcept;

    /// Once all tasks have ended.
    [[nodiscard]] serve_report finish(std::vector<task_description> left);

private:
    const serve_options options_;
    const std::size_t listeners_;
    semaphore room_;
    byte_budget budget_;
    wait_group alive_;
    notify freed_;
    event stopping_;
    event broken_;
    // Counts. Written by the tasks that they are about, read by note_exhausted and, once all have ended, by finish.
    base::atomic<std::uint64_t> numbered_{0};
    base::atomic<std::uint64_t> accepted_{0};
    base::atomic<std::uint64_t> ended_{0};
    base::atomic<std::uint64_t> failed_{0};
    base::atomic<std::uint64_t> refused_{0};
    base::atomic<std::uint64_t> exhausted_{0};
    // When descriptors or memory were missed the last time; 0: never. Written and read by those that accept.
    base::atomic<base::instant_ns> exhausted_at_{0};
    base::spin_lock lock_;  // Guards error_.
    std::error_code error_;
};

/// How long to wait before the next accept: 10 ms, doubled up to a second while it fails again. One task.
class accept_pause {
public:
    /// The next pause.
    [[nodiscard]] std::chrono::nanoseconds longer() noexcept {
        return std::exchange(next_, std::min<std::chrono::nanoseconds>(2 * next_, std::chrono::seconds{1}));
    }
    /// An accept went well.
    void reset() noexcept {
        next_ = first;
        passing_ = 0;
    }
    /// Whether failures that concern one connection each have come so often in a row that it is time to pause.
    [[nodiscard]] bool is_due() noexcept { return ++passing_ > 64; }

private:
    static constexpr std::chrono::nanoseconds first = std::chrono::milliseconds{10};
    std::chrono::nanoseconds next_ = first;
    unsigned passing_ = 0;
};

/// One connection that is alive and has its room; counted as ended or failed when that is said. Ends after the
/// stream. Movable before its task begins.
class connection_place {
public:
    connection_place(serve_core& in, semaphore::permit room) noexcept;
    connection_place(connection_place&& other) noexcept
        : in_{std::exchange(other.in_, nullptr)},
          number_{other.number_},
          has_task_{other.has_task_},
          room_{std::move(other.room_)} {}
    connection_place& operator=(connection_place&&) = delete;
    ~connection_place();

    [[nodiscard]] serve_core& in() const noexcept { return *in_; }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// The connection's task runs: its end will free what others wait for.
    void begin() noexcept { has_task_ = true; }
    void end() noexcept;
    /// In a catch block. Rethrows what says that the task was cancelled.
    void fail();

private:
    serve_core* in_;
    std::uint64_t number_;
    bool has_task_ = false;
    semaphore::permit room_;
};

}  // namespace bifilar::detail
