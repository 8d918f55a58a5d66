// How much of its stack a fiber's callable may take: half of the smallest stack stays for what it calls.
#include "catch.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/stackful/detail/fiber_task.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace bf = bifilar;
using namespace bf::stackful;

namespace {

template <std::size_t Bytes>
struct large {
    void operator()() const noexcept {}
    std::array<std::byte, Bytes> bytes{};
};
template <std::size_t Bytes>
constexpr std::size_t task_bytes = sizeof(fiber_task<void, bf::detail::fiber_call<large<Bytes>>>);

constexpr std::size_t must_stay_bytes = smallest_stack_bytes / 2;

/// How many smallest stacks in a row, each 64 bytes smaller than the one before, are large enough for such a task.
std::size_t stacks_of(std::size_t bytes_of_task) {
    stack_pool pool;
    std::vector<stack_view> all{pool.take(smallest_stack_bytes)};
    while (all.back().size() >= bytes_of_task + must_stay_bytes) all.push_back(pool.take(smallest_stack_bytes));
    for (const stack_view each : all) pool.give(each);
    return all.size() - 1;
}

}  // namespace

TEST_CASE("a_callable_may_take_all_of_a_stack_but_half_of_the_smallest") {
    if (stack_class_bytes(smallest_stack_bytes) != smallest_stack_bytes) return;  // Pages are larger.
    constexpr std::size_t some_bytes = smallest_stack_bytes / 2 - 512;
    constexpr std::size_t bytes = some_bytes - task_bytes<some_bytes> % 64;
    static_assert(task_bytes<bytes> % 64 == 0, "one of the stacks is as large as it has to be");
    // The border lies in the middle of what stacks of this size have.
    const std::size_t expected = stacks_of(task_bytes<bytes>);
    REQUIRE(expected > 0);
    REQUIRE(expected < 15);
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime rt{options};
    bf::spawn_options how;
    how.on = bf::backend::stackful;
    how.stack_bytes = smallest_stack_bytes;
    std::vector<bf::join_handle<void>> started;  // Their stacks are out as long as they are joined by nobody.
    const auto start_all = [&] {
        for (std::size_t n = 0; n < 16; ++n) started.push_back(rt.spawn(how, large<bytes>{}));
    };
    CHECK_THROWS_WITH(start_all(), Catch::Contains("do not fit its stack; raise stack_bytes"));
    CHECK(started.size() == expected);
}
