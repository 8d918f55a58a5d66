// What is begun when memory runs out: each descriptor has an owner, and so has a program that was started.
#include <bifilar/bifilar.hpp>
#include "descriptors.hpp"
#include "io/scratch_directory.hpp"
#include "uninterrupted.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

// How many more allocations of this thread succeed before one fails; negative: all do.
thread_local int allocations_left = -1;

// Runs `attempt` with its first allocation failing, then with its second, and so on until none does; then it has to
// succeed. Nothing is left open. No checks in it, which allocate.
template <class Attempt>
void with_each_allocation_failing(Attempt attempt) {
    const std::size_t before = tests::open_descriptors();
    bool none_failed = false;
    for (int succeed = 0; !none_failed; ++succeed) {
        INFO("the allocation that fails: " << succeed);
        REQUIRE(succeed < 1'000);
        bool succeeded = false;
        try {
            allocations_left = succeed;
            succeeded = attempt();
        } catch (const std::bad_alloc&) {
        }
        none_failed = std::exchange(allocations_left, -1) >= 0;
        CHECK((succeeded || !none_failed));
        CHECK(tests::open_descriptors() == before);
    }
}

// A connection that finds no memory is closed, and the answer says so: servers go on.
template <class From>
void accept_without_memory(From& from) {
    const auto to = from.local_address().value();
    CHECK_FALSE(bf::block_on(bf::timeout(from.accept(), 1ms)).has_value());  // Makes the driver of this thread.
    int answers = 0;
    bool threw = false;
    with_each_allocation_failing([&] {
        const bf::owned_descriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (tests::connect_uninterrupted(client.get(), to) != 0) return false;
        try {
            const auto got = bf::block_on(from.accept());
            if (!got && got.error() == std::errc::not_enough_memory) ++answers;
            return got.has_value();
        } catch (const std::bad_alloc&) {
            threw = true;
            return false;
        }
    });
    CHECK(answers > 0);
    CHECK_FALSE(threw);
}

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
[[gnu::noinline]] void operator delete(void* at) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept { std::free(at); }

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

TEST_CASE("a_connection_that_finds_no_memory_is_closed_and_told") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    accept_without_memory(listener);
    auto incoming = std::move(listener).incoming();
    accept_without_memory(incoming);
}

TEST_CASE("what_is_opened_without_memory_for_its_owner_is_closed") {
    const tests::scratch_directory in;
    const std::string path = in.with_file("here", "text");
    (void)bf::block_on(bf::file::open(path));  // Makes what stays.
    with_each_allocation_failing([&] { return bf::block_on(bf::file::open(path)).has_value(); });
    with_each_allocation_failing([&] { return bf::block_on(bf::directory::open(in.path())).has_value(); });
    with_each_allocation_failing([&] { return bf::file{::open("/dev/null", O_RDONLY | O_CLOEXEC)}.descriptor() >= 0; });
    with_each_allocation_failing([] { return bf::input_stream::duplicate(STDIN_FILENO).has_value(); });
    with_each_allocation_failing([] { return bf::output_stream::duplicate(STDOUT_FILENO).has_value(); });
}
