// The owner's side of the deque of the newest tasks: holes, and the end that moves back over them. What thieves do
// beside it is in model/newest_tasks_test.cpp.
#include "catch.hpp"
#include <bifilar/sched/detail/newest_tasks.hpp>
#include <bifilar/task/detail/task_header.hpp>

#include <array>
#include <cstdint>

namespace bf = bifilar;

namespace {

struct idle_task : bf::detail::task_header {
    static constexpr bf::detail::operations kind{nullptr, nullptr, nullptr};
    idle_task() noexcept : task_header{kind, 0} {}
};

// So that they wrap round.
constexpr std::uint32_t first_position = ~std::uint32_t{0} - 1;

using eight = bf::sched::newest_tasks<8>;

}  // namespace

TEST_CASE("the end of the newest tasks moves back over holes") {
    std::array<idle_task, 5> tasks;
    eight newest{first_position};
    for (idle_task& each : tasks) REQUIRE(newest.push(each));
    CHECK(newest.take(tasks[1]));
    CHECK(newest.take(tasks[2]));
    CHECK(newest.take(tasks[3]));
    CHECK_FALSE(newest.take(tasks[3]));
    CHECK(newest.size() == 5);
    CHECK(newest.take_newest() == &tasks[4]);
    CHECK(newest.size() == 1);
    // The places of the holes are filled again.
    CHECK(newest.push(tasks[2]));
    CHECK(newest.size() == 2);
    CHECK(newest.take(tasks[0]));
    CHECK(newest.take(tasks[2]));
    CHECK(newest.empty());
}

TEST_CASE("the newest tasks go in halves, the oldest first") {
    std::array<idle_task, 5> tasks;
    eight newest{first_position};
    for (idle_task& each : tasks) REQUIRE(newest.push(each));
    std::size_t next = 0;
    const auto is_next = [&](bf::detail::task_header& task) { CHECK(&task == &tasks[next++]); };
    CHECK(newest.take_half(false, is_next) == 2);
    CHECK(newest.size() == 3);
    CHECK(newest.take_half(true, is_next) == 2);
    CHECK(newest.take_half(false, is_next) == 0);
    CHECK(newest.take_half(true, is_next) == 1);
    CHECK(newest.empty());
    CHECK(newest.take_newest() == nullptr);
    CHECK(newest.push(tasks[0]));
    CHECK(newest.take_newest() == &tasks[0]);
}
