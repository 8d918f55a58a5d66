// A tree of tasks of ten children each. Its leaves are numbered, and the sum of the numbers comes up.
#include <vector>

#include "timed.hpp"
#include "works.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t children = 10;

task<std::uint64_t> in_coroutines(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) co_return first;
    std::vector<join_handle<std::uint64_t>> all;
    all.reserve(children);
    for (std::uint64_t n = 0; n < children; ++n)
        all.push_back(spawn(in_coroutines(first + n * (leaves / children), leaves / children)));
    std::uint64_t sum = 0;
    for (auto& one : all) sum += co_await one;
    co_return sum;
}

std::uint64_t in_fibers(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::vector<join_handle<std::uint64_t>> all;
    all.reserve(children);
    for (std::uint64_t n = 0; n < children; ++n)
        all.push_back(spawn(backend::stackful, in_fibers, first + n * (leaves / children), leaves / children));
    std::uint64_t sum = 0;
    for (auto& one : all) sum += await(one);
    return sum;
}

}  // namespace

forked_work skynet() {
    constexpr std::uint64_t leaves = 1'000'000;
    return forked(
        "skynet", "skynet of 1,000,000 leaves", leaves, leaves * (leaves - 1) / 2,
        [](std::uint64_t count) { return in_coroutines(0, count); },
        [](std::uint64_t count) { return in_fibers(0, count); });
}

}  // namespace bifilar::experiments
