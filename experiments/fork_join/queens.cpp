// Queens that do not see each other: a task for each place that is tried, with a copy of those before it.
#include <array>
#include <vector>

#include "timed.hpp"
#include "works.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::size_t max_rows = 16;

struct board {
    std::array<std::int8_t, max_rows> columns{};
    std::int8_t placed = 0;
    std::int8_t rows = 0;

    [[nodiscard]] bool is_full() const noexcept { return placed == rows; }
    // Empty where another queen sees the place.
    [[nodiscard]] std::optional<board> with(std::int8_t column) const noexcept {
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

board empty_board(std::uint64_t rows) {
    board made;
    made.rows = static_cast<std::int8_t>(rows);
    return made;
}

task<std::uint64_t> in_coroutines(board at) {
    if (at.is_full()) co_return 1;
    std::vector<join_handle<std::uint64_t>> all;
    all.reserve(max_rows);
    for (std::int8_t column = 0; column < at.rows; ++column)
        if (const auto next = at.with(column)) all.push_back(spawn(in_coroutines(*next)));
    std::uint64_t solutions = 0;
    for (auto& one : all) solutions += co_await one;
    co_return solutions;
}

std::uint64_t in_fibers(board at) {
    if (at.is_full()) return 1;
    std::vector<join_handle<std::uint64_t>> all;
    all.reserve(max_rows);
    for (std::int8_t column = 0; column < at.rows; ++column)
        if (const auto next = at.with(column)) all.push_back(spawn(backend::stackful, in_fibers, *next));
    std::uint64_t solutions = 0;
    for (auto& one : all) solutions += await(one);
    return solutions;
}

std::uint64_t by_calls(const board& at) {
    if (at.is_full()) return 1;
    std::uint64_t solutions = 0;
    for (std::int8_t column = 0; column < at.rows; ++column)
        if (const auto next = at.with(column)) solutions += by_calls(*next);
    return solutions;
}

}  // namespace

forked_work queens() {
    constexpr std::uint64_t rows = 11;
    return forked(
        "queens", "11 queens", rows, by_calls(empty_board(rows)),
        [](std::uint64_t count) { return in_coroutines(empty_board(count)); },
        [](std::uint64_t count) { return in_fibers(empty_board(count)); });
}

}  // namespace bifilar::experiments
