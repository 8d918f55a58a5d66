// What a runtime counts and measures of itself, for programs, and as text for Prometheus. See runtime::metrics.
#pragma once

#include <bifilar/drivers/contract/driver_kind.hpp>
#include <bifilar/drivers/contract/io_stats.hpp>
#include <bifilar/sched/blocking_stats.hpp>
#include <bifilar/sched/stats.hpp>
#include <bifilar/sched/worker_times.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bifilar {

/// How metrics become text.
struct metrics_format {
    /// Each worker by itself, with a label `worker`; else all together.
    bool each_worker = false;
    /// Labels of every line, such as {"runtime", "db"}. Names have letters, digits and `_`, no digit first and no `__`,
    /// come once, and are none of le, quantile, worker, driver, origin and operation. Values are UTF-8.
    std::vector<std::pair<std::string, std::string>> labels;
};

/// Of one runtime since its start, read while it runs: two numbers may be of two moments.
struct runtime_metrics {
    runtime_stats counts;             ///< What is always counted.
    std::vector<worker_times> times;  ///< One for each worker; none without runtime_options::metrics.
    blocking_stats blocking;          ///< The threads for blocking calls.
    driver_kind driver{};             ///< How workers talk to the kernel.
    /// One for each op_kind, in its order; empty without runtime_options::metrics. Calls on files that threads for
    /// blocking calls make are among `blocking`.
    std::vector<io_operation_stats> operations;

    /// Tasks that were spawned and have not ended.
    [[nodiscard]] std::uint64_t tasks_alive() const noexcept {
        const worker_stats all = counts.total();
        return all.spawned > all.completed ? all.spawned - all.completed : 0;
    }
    /// All workers together.
    /// Throws: std::bad_alloc.
    [[nodiscard]] worker_times total_times() const {
        worker_times sum;
        for (const worker_times& one : times) sum += one;
        return sum;
    }

    /// In Prometheus' text format; docs/guides/metrics.md explains each line.
    /// Throws: std::invalid_argument for a label's name that the format does not know; std::bad_alloc.
    [[nodiscard]] std::string prometheus(const metrics_format& format = {}) const;
    /// The same for those who ask for OpenMetrics 1.0.
    /// Throws: likewise.
    [[nodiscard]] std::string open_metrics(const metrics_format& format = {}) const;

    /// What HTTP calls the first: its Content-Type.
    static constexpr std::string_view prometheus_type = "text/plain; version=0.0.4";
    /// The second.
    static constexpr std::string_view open_metrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
};

}  // namespace bifilar
