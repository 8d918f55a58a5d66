// Starting a program when memory runs out: what is started has an owner.
#include "descriptors.hpp"
#include <bifilar/bifilar.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <unistd.h>
#include <utility>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

// How many more allocations of this thread succeed before one fails; negative: all do.
thread_local int allocations_left = -1;

}  // namespace

void* operator new(std::size_t bytes) {
    if (allocations_left == 0) {
        allocations_left = -1;
        throw std::bad_alloc{};
    }
    if (allocations_left > 0) --allocations_left;
    void* const made = std::malloc(bytes == 0 ? 1 : bytes);
    if (made == nullptr) throw std::bad_alloc{};
    return made;
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }

// The child was allocated when its program ran already, which nobody held then.
TEST_CASE("a_program_whose_start_runs_out_of_memory_has_not_run") {
    {  // Makes what stays: the watch over children, and the driver of this thread, which a wait needs that does wait.
        auto cat = bf::command{"cat"}.standard_input(bf::stdio::pipe()).spawn().value();
        CHECK_FALSE(bf::block_on(bf::timeout(cat.wait(), 1ms)).has_value());
        cat.standard_input().close();
        CHECK(bf::block_on(cat.wait()).has_value());
    }
    const std::size_t before = tests::open_descriptors();
    bool started = false;
    for (int succeed = 0; !started; ++succeed) {
        INFO("the allocation that fails: " << succeed);
        REQUIRE(succeed < 1'000);
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        {
            bf::command ask{"echo", "here"};
            ask.standard_output(bf::stdio::descriptor(ends[1]));
            try {
                allocations_left = succeed;
                auto made = ask.spawn();
                started = std::exchange(allocations_left, -1) >= 0;
                if (made) (void)bf::block_on(made->wait());
            } catch (const std::bad_alloc&) {
            }
            allocations_left = -1;
        }
        ::close(ends[1]);
        std::array<char, 16> told;
        const ssize_t got = ::read(ends[0], told.data(), told.size());  // Until nobody has the other end.
        CHECK(got == (started ? 5 : 0));
        ::close(ends[0]);
        CHECK(tests::open_descriptors() == before);
    }
}
