// How a work that forks is timed: twice in one runtime on pinned processors, on one worker, on two, and on more.
#pragma once

#include <bifilar/bifilar.hpp>
#include <cstdint>
#include <functional>
#include <harness/peers.hpp>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/stopwatch.hpp>
#include <harness/workers.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bifilar::experiments {

/// The workers have the processors of the mask, and none of their own: so have those of the peers. `as_coroutine` and
/// `as_fiber` take `size` and give the answer.
template <class Coroutine, class Fiber>
sample timed(backend on, std::uint64_t size, std::uint32_t count, Coroutine as_coroutine, Fiber as_fiber) {
    constexpr double ns_in_ms = 1e6;
    const pinned here{count};
    runtime made{workers(count)};
    const auto once = [&]() -> std::uint64_t {
        if (on == backend::stackful) return made.spawn(on, as_fiber, size).join();
        return made.spawn(on, as_coroutine, size).join();
    };
    const stopwatch cold;
    (void)once();
    const double cold_ms = cold.per_operation(ns_in_ms);
    const stopwatch watch;
    const std::uint64_t answer = once();
    return {watch.per_operation(ns_in_ms), answer, {{"cold_ms", cold_ms}}};
}

struct forked_work {
    std::string id;
    std::string title;
    std::uint64_t size;
    std::uint64_t answer;  ///< Found without tasks.
    std::function<sample(backend on, std::uint32_t workers)> run;
};

/// Of functions as of timed().
template <class Coroutine, class Fiber>
[[nodiscard]] forked_work forked(std::string id, std::string title, std::uint64_t size, std::uint64_t answer,
                                 Coroutine as_coroutine, Fiber as_fiber) {
    return {std::move(id), std::move(title), size, answer,
            [=](backend on, std::uint32_t workers) { return timed(on, size, workers, as_coroutine, as_fiber); }};
}

/// Those that do it as well: Go, Tokio and oneTBB.
[[nodiscard]] std::vector<peer> peers_of(const forked_work& of, std::uint32_t workers);

/// On one worker, on two, and on as many as the run asks for, with the peers that do it as well.
void add_forked(experiment& all, const forked_work& of);

}  // namespace bifilar::experiments
