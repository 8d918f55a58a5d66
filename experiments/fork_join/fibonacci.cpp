// Fibonacci's numbers by their definition: nothing but calls and tasks.
#include "timed.hpp"
#include "works.hpp"

namespace bifilar::experiments {

namespace {

task<std::uint64_t> in_coroutines(std::uint64_t place) {
    if (place < 2) co_return place;
    auto before = spawn(in_coroutines(place - 1));
    const std::uint64_t second = co_await in_coroutines(place - 2);
    co_return second + co_await std::move(before);
}

std::uint64_t in_fibers(std::uint64_t place) {
    if (place < 2) return place;
    auto before = spawn(backend::stackful, in_fibers, place - 1);
    const std::uint64_t second = in_fibers(place - 2);
    return second + await(std::move(before));
}

std::uint64_t by_adding(std::uint64_t place) {
    std::uint64_t number = 0;
    for (std::uint64_t next = 1; place != 0; --place) number = std::exchange(next, number + next);
    return number;
}

}  // namespace

forked_work fibonacci() {
    constexpr std::uint64_t place = 30;
    return forked("fibonacci", "Fibonacci's number 30", place, by_adding(place), in_coroutines, in_fibers);
}

}  // namespace bifilar::experiments
