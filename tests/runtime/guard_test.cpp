// runtime_options::guard_bytes: what lies below the stacks of a runtime's fibers.
#include "one_worker.hpp"
#include <bifilar/stackful/detail/fiber.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>

#include <stdexcept>

namespace bf = bifilar;

TEST_CASE("a runtime's fibers have the guard that it was given") {
    constexpr std::size_t asked = (std::size_t{256} << 10) - 1, rounded_up = std::size_t{256} << 10;
    bf::runtime_options options = both::small_runtime(1);
    options.guard_bytes = asked;
    bf::runtime rt{options};
    const std::size_t found =
        rt.run([] { return bf::stackful::stack_pool::guard_of(bf::stackful::fiber::current()->stack()).size(); });
    CHECK(found == rounded_up);
}

TEST_CASE("a runtime refuses a guard that is too large") {
    bf::runtime_options options;
    options.guard_bytes = bf::stackful::largest_stack_bytes + 1;
    CHECK_THROWS_AS(bf::runtime{options}, std::invalid_argument);
}
