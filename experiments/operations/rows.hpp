// The eighteen operations of blitz-io's benchmark, one function a row and model: nanoseconds, allocations and bytes an
// operation. "direct" rows call the try_ half on a plain thread; "coroutine" and "fiber" rows await the other half.
#pragma once

#include <bifilar/runtime/spawn_options.hpp>
#include <harness/peers.hpp>
#include <harness/run.hpp>
#include <string>
#include <vector>

namespace bifilar::experiments {

inline constexpr std::uint64_t direct_operations = 1'000'000;
inline constexpr std::uint64_t channel_operations = 100'000;
inline constexpr std::uint64_t contended_operations = 10'000;

struct row {
    std::string id;
    std::string title;
    std::uint64_t operations;
    std::uint64_t oracle;
    std::vector<contender> contenders;
    std::vector<peer> peers;     ///< Those that have such a thing.
    std::size_t processors = 1;  ///< The peers'.
    std::string unit = "ns per operation";
};

[[nodiscard]] std::vector<row> lock_rows();
[[nodiscard]] std::vector<row> channel_rows();
[[nodiscard]] std::vector<row> contended_rows();
/// A mutex that ever more workers want; only with --workers.
void add_by_workers(experiment& all);
/// What beginning to wait takes of the heap.
[[nodiscard]] std::vector<row> waiting_rows();
/// The contender "thread", to those rows that threads have as well.
void add_threads(std::vector<row>& rows);

}  // namespace bifilar::experiments
