// Guards against what GCC 12 does to coroutines, in the shapes that our own code relies on.
// It destroys aggregates twice that live in a co_await expression, and compiles symmetric transfer to a call in debug
// and sanitizer builds: so no future or awaiter is an aggregate, and coroutines return through a trampoline. It
// misplaces the promise of coroutines whose only variables are conditions with co_await: those are refused.
#include "catch.hpp"
#include "counted_malloc.hpp"
#include "last_words.hpp"
#include <bifilar/bifilar.hpp>

#include <cstddef>
#include <cstdint>
#include <malloc.h>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace bf = bifilar;

namespace {

template <class... T>
constexpr bool none_is_an_aggregate = (!std::is_aggregate_v<T> && ...);

using lambda = decltype([](auto...) { return bf::ready(1); });
static_assert(
    none_is_an_aggregate<
        bf::ready_future<int>, bf::ready_future<void>, bf::pending_future<int>, bf::lazy_future<lambda>,
        bf::map_future<bf::ready_future<int>, lambda>, bf::and_then_future<bf::ready_future<int>, lambda>,
        bf::yield_future, bf::join_all_future<bf::yield_future>, bf::join_range_future<false, bf::yield_future>,
        bf::race_future<false, bf::yield_future>, bf::select_future<bf::yield_future>, bf::sleep,
        bf::timeout_future<bf::yield_future>, bf::event::wait_future, bf::channel<int>::send_future,
        bf::channel<int>::recv_future, bf::channel<int>::recv_many_future, bf::oneshot<int>::recv_future,
        bf::broadcast<int>::subscription::recv_future, bf::watch<int>::watcher::changed_future, bf::mutex::lock_future,
        bf::mutex::guard, bf::shared_mutex::lock_future, bf::shared_mutex::lock_shared_future,
        bf::semaphore::acquire_future, bf::semaphore::permit, bf::byte_budget::take_future, bf::byte_budget::loan,
        bf::barrier::arrive_future, bf::notify::wait_future, bf::condition::wait_future,
        bf::once_cell<int>::init_future<lambda>, bf::interval::tick_future, bf::task_scope::join_future,
        bf::shield_future<bf::yield_future>, bf::finally_future<bf::yield_future, lambda>,
        bf::race_range_future<bf::yield_future>, bf::stop_when_future<bf::yield_future>,
        bf::when_future<bf::yield_future>, bf::future_set<bf::yield_future>::next_future, bf::join_handle<int>,
        bf::outcome_future<int>, bf::task<int>, bf::stream_read_future, bf::stream_write_future,
        bf::vector_transfer_future, bf::vector_write_all_future, bf::tcp_stream::connect_future,
        bf::tcp_listener::accept_future, bf::ctrl_c_future>);
static_assert(none_is_an_aggregate<bf::stackless::leaf_await<bf::yield_future>, bf::stackless::child_await<int>,
                                   bf::stackless::final_await, bf::polled<int>, bf::polled<void>, bf::not_ready_t,
                                   bf::done_t, bf::timed_out, bf::task_error, bf::send_error<int>>);

// Counts constructions and destructions.
class counted {
public:
    explicit counted(int& alive) : alive_{&alive} { ++*alive_; }
    counted(const counted& other) : alive_{other.alive_} { ++*alive_; }
    counted(counted&& other) noexcept : alive_{other.alive_} { ++*alive_; }
    counted& operator=(const counted&) = delete;
    ~counted() { --*alive_; }

private:
    int* alive_;
};

bf::task<int> with_argument(counted, int value) { co_return value; }

bf::task<int> temporaries(int& alive) {
    int sum = co_await with_argument(counted{alive}, 1);
    auto made = bf::lazy([guard = counted{alive}] { return 2; });
    sum += co_await std::move(made);
    sum += co_await bf::map(bf::ready(3), [](int v) { return v; });
    co_return sum;
}

}  // namespace

TEST_CASE("temporaries_of_an_await_expression_are_destroyed_once") {
    int alive = 0;
    CHECK(bf::block_on(temporaries(alive)) == 6);
    CHECK(alive == 0);
}

TEST_CASE("a_child_that_throws_does_not_leak_its_arguments") {
    struct body {
        static bf::task<int> fails(counted) {
            throw std::runtime_error{"no"};
            co_return 0;
        }
        static bf::task<int> outer(int& alive) {
            try {
                co_return co_await fails(counted{alive});
            } catch (const std::runtime_error&) {
                co_return -1;
            }
        }
    };
    int alive = 0;
    CHECK(bf::block_on(body::outer(alive)) == -1);
    CHECK(alive == 0);
}

TEST_CASE("a_million_children_on_a_plain_thread_do_not_grow_the_stack") {
    struct body {
        static bf::task<int> one() { co_return 1; }
        static bf::task<int> sum() {
            int total = 0;
            for (int n = 0; n < 1'000'000; ++n) total += co_await one();
            co_return total;
        }
    };
    CHECK(bf::block_on(body::sum()) == 1'000'000);
}

#if !defined(__clang__)
namespace {

bf::task<bool> one_condition() {
    if (co_await bf::ready(true)) co_return true;
    co_return false;
}

#if !defined(BIFILAR_ASAN) && (defined(BIFILAR_DEBUG) || !defined(__OPTIMIZE__))
#define SEES_ALL_MISPLACED_
// As many as move the promise by a multiple of what frames are aligned to.
bf::task<bool> nine_conditions() {
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    if (!co_await bf::ready(true)) co_return false;
    co_return true;
}
#endif

// Works, or says what to write instead: compilers that have been mended compile such coroutines well.
template <class Coroutine>
void check_works_or_is_refused(Coroutine coroutine) {
    using Catch::Matchers::Contains;
    const tests::last_words last = tests::dies([&] { ::_exit(bf::block_on(coroutine()) ? 0 : 1); });
    if (last.signal == 0) {
        CHECK(last.text.empty());
    } else {
        CHECK(last.signal == SIGABRT);
        CHECK_THAT(last.text, Contains("name what is awaited"));
    }
}

// Copies make a coroutine, so that the latest frame is not the one of whoever copies.
class makes_coroutines {
public:
    makes_coroutines() = default;
    makes_coroutines(const makes_coroutines&) : made_{body()} {}
    makes_coroutines& operator=(const makes_coroutines&) = delete;
    ~makes_coroutines() = default;

private:
    static bf::task<void> body() { co_return; }
    bf::task<void> made_ = body();
};

bf::task<bool> with_such_a_parameter(makes_coroutines) { co_return true; }

}  // namespace

TEST_CASE("a_coroutine_whose_only_variables_are_conditions_is_refused_where_the_compiler_misplaces_its_promise") {
    check_works_or_is_refused(one_condition);
#if defined(SEES_ALL_MISPLACED_)
    check_works_or_is_refused(nine_conditions);
#endif
}

TEST_CASE("a_coroutine_may_be_made_while_the_parameters_of_another_are_copied") {
    const makes_coroutines argument;
    CHECK(bf::block_on(with_such_a_parameter(argument)));
    CHECK(bf::run(with_such_a_parameter(argument)));
}
#endif

TEST_CASE("the_size_of_a_frame_can_be_asked_for") {
    int alive = 0;
    auto small = with_argument(counted{alive}, 1);
    auto larger = temporaries(alive);
    CHECK(larger.frame_bytes() >= small.frame_bytes());
    CHECK(small.frame_bytes() <= bf::detail::largest_pooled_bytes);
}

TEST_CASE("sizes_that_people_pay_for") {
    STATIC_REQUIRE(sizeof(bf::waker) == 8);
    STATIC_REQUIRE(sizeof(bf::detail::task_header) == 24);
    STATIC_REQUIRE(sizeof(bf::detail::task_core) == 32);
    STATIC_REQUIRE(sizeof(bf::task<int>) == 8);
    STATIC_REQUIRE(sizeof(bf::event::wait_future) == 32);
    STATIC_REQUIRE(sizeof(bf::join_handle<int>) == 16);
    STATIC_REQUIRE(sizeof(bf::channel<void*>) <= 80);
}

#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
TEST_CASE("a_channel_for_one_pointer_asks_for_at_most_128_bytes") {
    if (!tests::counts_malloc) return;
    // So many that the few freed blocks that a thread keeps for itself, which count as in use, do not matter.
    constexpr std::size_t count = 10'000;
    constexpr std::size_t header_bytes = 8;  // What malloc adds to what it is asked for, before it rounds up.
    std::vector<std::unique_ptr<bf::channel<void*>>> channels;
    channels.reserve(count);
    const std::size_t bytes_before = ::mallinfo2().uordblks;
    const std::uint64_t calls_before = tests::malloc_calls();
    for (std::size_t n = 0; n < count; ++n) {
        channels.push_back(std::make_unique<bf::channel<void*>>(1U));
        (void)channels.back()->try_send(nullptr);
    }
    const std::uint64_t calls = tests::malloc_calls() - calls_before;
    const std::size_t bytes = ::mallinfo2().uordblks - bytes_before;
    CHECK(bytes >= count * sizeof(bf::channel<void*>));
    CHECK(bytes - calls * header_bytes <= count * 128);
    for (const auto& channel : channels)
        if (!channel->try_recv()) FAIL("a value was lost");
}
#endif
#endif
