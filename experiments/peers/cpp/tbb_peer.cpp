// Work that forks into tasks and joins them, by oneTBB's task_group. One run, one sample.
// Usage: tbb_peer fork fibonacci/skynet/queens/matrix/tree SIZE THREADS.
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sample.hpp"

namespace {

namespace tbb = oneapi::tbb;

std::uint64_t fibonacci(std::uint64_t place) {
    if (place < 2) return place;
    std::uint64_t before = 0;
    tbb::task_group other;
    other.run([&before, place] { before = fibonacci(place - 1); });
    const std::uint64_t second = fibonacci(place - 2);
    other.wait();
    return before + second;
}

std::uint64_t skynet(std::uint64_t first, std::uint64_t leaves) {
    constexpr std::uint64_t children = 10;
    if (leaves == 1) return first;
    std::array<std::uint64_t, children> sums{};
    tbb::task_group all;
    for (std::uint64_t n = 0; n < children; ++n)
        all.run([&sums, first, leaves, n] { sums[n] = skynet(first + n * (leaves / children), leaves / children); });
    all.wait();
    std::uint64_t sum = 0;
    for (const std::uint64_t one : sums) sum += one;
    return sum;
}

struct board {
    std::array<std::int8_t, 16> columns{};
    std::int8_t placed = 0;
    std::int8_t rows = 0;

    [[nodiscard]] std::optional<board> with(std::int8_t column) const {
        for (std::int8_t row = 0; row < placed; ++row) {
            const int across = columns[static_cast<std::size_t>(row)] - column;
            const int down = placed - row;
            if (across == 0 || across == down || across == -down) return std::nullopt;
        }
        board next = *this;
        next.columns[static_cast<std::size_t>(next.placed++)] = column;
        return next;
    }
};

std::uint64_t queens(board at) {
    if (at.placed == at.rows) return 1;
    std::array<std::uint64_t, 16> found{};
    tbb::task_group all;
    for (std::int8_t column = 0; column < at.rows; ++column)
        if (const auto next = at.with(column))
            all.run([&found, column, next = *next] { found[static_cast<std::size_t>(column)] = queens(next); });
    all.wait();
    std::uint64_t solutions = 0;
    for (const std::uint64_t one : found) solutions += one;
    return solutions;
}

struct factors {
    float* product;
    const float* left;
    const float* right;
    std::size_t rows;
    std::size_t stride;

    [[nodiscard]] factors quarter(std::size_t down, std::size_t across, std::size_t along) const {
        const std::size_t half = rows / 2;
        return {product + (down * stride + across) * half, left + (down * stride + along) * half,
                right + (along * stride + across) * half, half, stride};
    }
};

void multiply(factors of) {
    constexpr std::size_t leaf_rows = 64;
    if (of.rows <= leaf_rows) {
        for (std::size_t i = 0; i < of.rows; ++i)
            for (std::size_t k = 0; k < of.rows; ++k) {
                const float one = of.left[i * of.stride + k];
                for (std::size_t j = 0; j < of.rows; ++j)
                    of.product[i * of.stride + j] += one * of.right[k * of.stride + j];
            }
        return;
    }
    for (const std::size_t along : {0, 1}) {
        tbb::task_group others;
        for (std::size_t n = 0; n < 3; ++n) others.run([part = of.quarter(n / 2, n % 2, along)] { multiply(part); });
        multiply(of.quarter(1, 1, along));
        others.wait();
    }
}

std::uint64_t matrix(std::size_t rows) {
    std::vector<float> product(rows * rows);
    std::vector<float> left(rows * rows);
    std::vector<float> right(rows * rows);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < rows; ++j) {
            left[i * rows + j] = static_cast<float>((i + 2 * j) % 3);
            right[i * rows + j] = static_cast<float>((3 * i + j) % 4);
        }
    multiply({product.data(), left.data(), right.data(), rows, rows});
    std::uint64_t sum = 0;
    for (const float one : product) sum += static_cast<std::uint64_t>(one);
    return sum;
}

std::uint64_t child_of(std::uint64_t node, std::uint64_t n) {
    std::uint64_t mixed = node + (n + 1) * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

std::uint64_t children_of(std::uint64_t node) { return (node >> 32) % 1000 < 124 ? 8 : 0; }

std::uint64_t tree(std::uint64_t node, std::uint64_t children) {
    if (children == 0) return 1;
    std::vector<std::uint64_t> found(children);
    tbb::task_group all;
    for (std::uint64_t n = 0; n < children; ++n)
        all.run([&found, n, child = child_of(node, n)] { found[n] = tree(child, children_of(child)); });
    all.wait();
    std::uint64_t nodes = 1;
    for (const std::uint64_t one : found) nodes += one;
    return nodes;
}

std::uint64_t once(const std::string& name, std::uint64_t size) {
    if (name == "fibonacci") return fibonacci(size);
    if (name == "skynet") return skynet(0, size);
    if (name == "queens") {
        board empty;
        empty.rows = static_cast<std::int8_t>(size);
        return queens(empty);
    }
    if (name == "matrix") return matrix(size);
    if (name == "tree") return tree(size, 2000);
    throw peer::refused{"nothing forks that is called " + name};
}

void run(int count, char** words) {
    if (words[0] != std::string{"fork"} || count != 4)
        throw peer::refused{"give: fork, a name, a size and a number of threads"};
    const std::string name = words[1];
    const std::uint64_t size = peer::number(words[2]);
    const std::uint64_t threads = peer::number(words[3]);
    const tbb::global_control most{tbb::global_control::max_allowed_parallelism, threads};
    tbb::task_arena arena{static_cast<int>(threads)};
    arena.execute([&] {
        constexpr double ns_in_ms = 1e6;
        const peer::moment cold = peer::now();
        (void)once(name, size);
        const peer::moment start = peer::now();
        const std::uint64_t answer = once(name, size);
        peer::report(peer::nanoseconds(start, peer::now()) / ns_in_ms, answer,
                     {{"cold_ms", peer::nanoseconds(cold, start) / ns_in_ms}});
    });
}

}  // namespace

int main(int argc, char** argv) { return peer::guarded("tbb_peer", argc, argv, run); }
