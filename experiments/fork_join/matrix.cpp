// A product of matrices by quarters: four tasks write the product's, and four more add to them.
#include <utility>
#include <vector>

#include "timed.hpp"
#include "works.hpp"

namespace bifilar::experiments {

namespace {

// Smaller ones are multiplied by loops.
constexpr std::size_t leaf_rows = 64;

struct factors {
    float* product;
    const float* left;
    const float* right;
    std::size_t rows;
    std::size_t stride;  // Elements from a row to the next.

    [[nodiscard]] factors quarter(std::size_t down, std::size_t across, std::size_t along) const noexcept {
        const std::size_t half = rows / 2;
        return {product + (down * stride + across) * half, left + (down * stride + along) * half,
                right + (along * stride + across) * half, half, stride};
    }
};

void multiply(const factors& of) noexcept {
    for (std::size_t i = 0; i < of.rows; ++i)
        for (std::size_t k = 0; k < of.rows; ++k) {
            const float one = of.left[i * of.stride + k];
            for (std::size_t j = 0; j < of.rows; ++j)
                of.product[i * of.stride + j] += one * of.right[k * of.stride + j];
        }
}

task<void> in_coroutines(factors of) {
    if (of.rows <= leaf_rows) {
        multiply(of);
        co_return;
    }
    for (const std::size_t along : {0, 1}) {
        auto first = spawn(in_coroutines(of.quarter(0, 0, along)));
        auto second = spawn(in_coroutines(of.quarter(0, 1, along)));
        auto third = spawn(in_coroutines(of.quarter(1, 0, along)));
        co_await in_coroutines(of.quarter(1, 1, along));
        co_await std::move(third);
        co_await std::move(second);
        co_await std::move(first);
    }
}

void in_fibers(factors of) {
    if (of.rows <= leaf_rows) return multiply(of);
    for (const std::size_t along : {0, 1}) {
        auto first = spawn(backend::stackful, in_fibers, of.quarter(0, 0, along));
        auto second = spawn(backend::stackful, in_fibers, of.quarter(0, 1, along));
        auto third = spawn(backend::stackful, in_fibers, of.quarter(1, 0, along));
        in_fibers(of.quarter(1, 1, along));
        await(std::move(third));
        await(std::move(second));
        await(std::move(first));
    }
}

// Small whole numbers, of which all sums are exact.
float left_at(std::size_t row, std::size_t column) noexcept { return static_cast<float>((row + 2 * column) % 3); }
float right_at(std::size_t row, std::size_t column) noexcept { return static_cast<float>((3 * row + column) % 4); }

struct matrices {
    explicit matrices(std::size_t count)
        : rows{count}, product(count * count), left(count * count), right(count * count) {
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < rows; ++j) {
                left[i * rows + j] = left_at(i, j);
                right[i * rows + j] = right_at(i, j);
            }
    }
    [[nodiscard]] factors all() noexcept { return {product.data(), left.data(), right.data(), rows, rows}; }
    [[nodiscard]] std::uint64_t sum() const noexcept {
        std::uint64_t of_all = 0;
        for (const float one : product) of_all += static_cast<std::uint64_t>(one);
        return of_all;
    }

    std::size_t rows;
    std::vector<float> product;
    std::vector<float> left;
    std::vector<float> right;
};

task<std::uint64_t> whole_in_coroutines(std::uint64_t rows) {
    matrices made{rows};
    co_await in_coroutines(made.all());
    co_return made.sum();
}

std::uint64_t whole_in_fibers(std::uint64_t rows) {
    matrices made{rows};
    in_fibers(made.all());
    return made.sum();
}

// Each element of a column of the one meets each of a row of the other.
std::uint64_t by_columns(std::uint64_t rows) {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < rows; ++k) {
        std::uint64_t column = 0;
        std::uint64_t row = 0;
        for (std::size_t i = 0; i < rows; ++i) {
            column += static_cast<std::uint64_t>(left_at(i, k));
            row += static_cast<std::uint64_t>(right_at(k, i));
        }
        sum += column * row;
    }
    return sum;
}

}  // namespace

forked_work matrix() {
    constexpr std::uint64_t rows = 1'024;
    return forked("matrix", "a product of matrices of 1,024 rows", rows, by_columns(rows), whole_in_coroutines,
                  whole_in_fibers);
}

}  // namespace bifilar::experiments
