// The queue of tasks that must stay with their worker: order, growth, and the chain where memory is refused.
#include "catch.hpp"
#include "resource_limits.hpp"
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/sched/detail/task_fifo.hpp>
#include <bifilar/task/detail/task_header.hpp>

#include <cstddef>
#include <deque>

namespace bf = bifilar;
using bf::sched::task_fifo;

namespace {

struct idle_task : bf::detail::task_header {
    static constexpr bf::detail::operations kind{nullptr, nullptr, nullptr};
    idle_task() noexcept : task_header{kind, 0} {}
};

}  // namespace

TEST_CASE("tasks come out of a fifo in the order in which they came") {
    constexpr std::size_t count = 5'000;
    std::deque<idle_task> tasks(count);
    task_fifo fifo;
    CHECK(fifo.empty());
    CHECK(fifo.take() == nullptr);
    std::size_t pushed = 0;
    std::size_t taken = 0;
    // Three in and one out, until there is no more to come; then all out.
    for (; pushed < count; ++pushed) {
        fifo.push(tasks[pushed]);
        if (pushed % 3 == 0) CHECK(fifo.take() == &tasks[taken++]);
    }
    CHECK(fifo.has_grown());
    fifo.shrink();
    CHECK(fifo.has_grown());
    while (bf::detail::task_header* const task = fifo.take()) CHECK(task == &tasks[taken++]);
    CHECK(taken == count);
    CHECK(fifo.empty());
    fifo.shrink();
    CHECK_FALSE(fifo.has_grown());
    fifo.push(tasks[0]);
    CHECK(fifo.take() == &tasks[0]);
}

#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)  // Their memory has no room below any limit.
TEST_CASE("a fifo that gets no memory keeps its tasks and their order") {
    constexpr std::size_t count = 2'000;
    std::deque<idle_task> tasks(count);
    task_fifo fifo;
    std::size_t pushed = 0;
    std::size_t taken = 0;
    std::size_t wrong = 0;  // No assertions under the limit: they may allocate.
    for (; pushed < 300; ++pushed) fifo.push(tasks[pushed]);
    {
        const tests::address_space_left none{0};
        for (; pushed < count / 2; ++pushed) fifo.push(tasks[pushed]);
        for (; taken < 700; ++taken) wrong += fifo.take() != &tasks[taken];
    }
    for (; pushed < count; ++pushed) fifo.push(tasks[pushed]);
    for (; taken < count; ++taken) wrong += fifo.take() != &tasks[taken];
    CHECK(wrong == 0);
    CHECK(fifo.empty());
}
#endif
