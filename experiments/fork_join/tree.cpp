// A search through an unbalanced tree: the root has many children, each other node eight or none, by its own number.
#include <vector>

#include "timed.hpp"
#include "works.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t root_children = 2'000;
constexpr std::uint64_t inner_children = 8;
// Of 1,000 nodes so many have children: on average one has almost one, and the subtrees differ without end.
constexpr std::uint64_t inner_of_1000 = 124;

std::uint64_t child_of(std::uint64_t node, std::uint64_t n) noexcept {
    std::uint64_t mixed = node + (n + 1) * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

std::uint64_t children_of(std::uint64_t node) noexcept {
    return (node >> 32) % 1'000 < inner_of_1000 ? inner_children : 0;
}

task<std::uint64_t> in_coroutines(std::uint64_t node, std::uint64_t children) {
    if (children == 0) co_return 1;
    std::vector<join_handle<std::uint64_t>> all;
    all.reserve(children);
    for (std::uint64_t n = 0; n < children; ++n) {
        const std::uint64_t child = child_of(node, n);
        all.push_back(spawn(in_coroutines(child, children_of(child))));
    }
    std::uint64_t nodes = 1;
    for (auto& one : all) nodes += co_await one;
    co_return nodes;
}

std::uint64_t in_fibers(std::uint64_t node, std::uint64_t children) {
    if (children == 0) return 1;
    std::vector<join_handle<std::uint64_t>> all;
    all.reserve(children);
    for (std::uint64_t n = 0; n < children; ++n) {
        const std::uint64_t child = child_of(node, n);
        all.push_back(spawn(backend::stackful, in_fibers, child, children_of(child)));
    }
    std::uint64_t nodes = 1;
    for (auto& one : all) nodes += await(one);
    return nodes;
}

std::uint64_t by_a_list(std::uint64_t root) {
    std::vector<std::uint64_t> open;
    for (std::uint64_t n = 0; n < root_children; ++n) open.push_back(child_of(root, n));
    std::uint64_t nodes = 1;
    while (!open.empty()) {
        const std::uint64_t node = open.back();
        open.pop_back();
        ++nodes;
        for (std::uint64_t n = 0; n < children_of(node); ++n) open.push_back(child_of(node, n));
    }
    return nodes;
}

}  // namespace

forked_work tree() {
    constexpr std::uint64_t root = 1;
    return forked(
        "tree", "search in an unbalanced tree", root, by_a_list(root),
        [](std::uint64_t node) { return in_coroutines(node, root_children); },
        [](std::uint64_t node) { return in_fibers(node, root_children); });
}

}  // namespace bifilar::experiments
