// A budget of bytes: what it counts, how loans grow and shrink, who waits, and lengths that a peer made up.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <atomic>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

using namespace both;
using Catch::Matchers::Contains;
using tests::let_others_park;

TEST_CASE("loans_take_bytes_and_give_them_back") {
    bf::byte_budget budget{100};
    CHECK(budget.total_bytes() == 100);
    {
        auto one = budget.try_take(60);
        CHECK(one.bytes() == 60);
        CHECK(budget.free_bytes() == 40);
        CHECK_FALSE(budget.try_take(41));
        auto moved = std::move(one);
        CHECK_FALSE(one);
        CHECK(one.bytes() == 0);
        one = budget.try_take(40);
        CHECK(budget.free_bytes() == 0);
        one = std::move(moved);
        CHECK(one.bytes() == 60);
        CHECK(budget.free_bytes() == 40);
        one.release();
        one.release();
        CHECK(budget.free_bytes() == 100);
    }
    CHECK(budget.free_bytes() == 100);
}

TEST_CASE("a_loan_grows_and_shrinks") {
    bf::byte_budget budget{100};
    auto loan = budget.try_take(0);
    CHECK(loan);
    CHECK(loan.try_grow(70));
    CHECK_FALSE(loan.try_grow(31));
    CHECK(loan.bytes() == 70);
    loan.shrink_to(80);
    CHECK(loan.bytes() == 70);
    loan.shrink_to(30);
    CHECK(budget.free_bytes() == 70);
    CHECK(loan.try_grow(70));
    CHECK(budget.free_bytes() == 0);
    CHECK_FALSE(loan.try_grow(std::numeric_limits<std::uint64_t>::max()));
    loan.release();
    CHECK_FALSE(loan.try_grow(1));
    CHECK(budget.free_bytes() == 100);
}

TEST_CASE("what_there_can_never_be_is_refused_at_once") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::byte_budget budget{100};
        const auto all = budget.try_take(100);
        for (const std::uint64_t bytes : {std::uint64_t{101}, std::numeric_limits<std::uint64_t>::max()}) {
            CHECK_FALSE(budget.try_take(bytes));
            CHECK_FALSE(await_in(m, rt, [&] { return budget.take(bytes); }));
        }
        bf::byte_budget none{0};
        CHECK_FALSE(await_in(m, rt, [&] { return none.take(1); }));
        CHECK(await_in(m, rt, [&] { return none.take(0); }));
    });
}

TEST_CASE("bytes_that_come_back_wake_who_waits_in_order") {
    tests::on_one_worker([](bf::backend model) {
        bf::byte_budget budget{10};
        auto all = budget.try_take(10);
        std::vector<std::uint64_t> order;
        const auto body = [](bf::byte_budget& of, std::vector<std::uint64_t>& into, std::uint64_t bytes) -> bf::task<> {
            const auto mine = co_await of.take(bytes);
            into.push_back(mine.bytes());
        };
        std::vector<bf::join_handle<void>> handles;
        for (const std::uint64_t bytes : {8U, 1U}) {
            handles.push_back(bf::spawn(model, body, std::ref(budget), std::ref(order), bytes));
            let_others_park();
        }
        all.shrink_to(5);
        let_others_park();
        CHECK(order.empty());
        CHECK_FALSE(budget.try_take(1));
        CHECK_FALSE(all.try_grow(1));
        all.shrink_to(2);
        for (auto& handle : handles) bf::await(handle);
        CHECK(order == std::vector<std::uint64_t>{8, 1});
        CHECK(budget.free_bytes() == 8);
    });
}

TEST_CASE("a_large_budget_rounds_loans_up_to_units") {
    constexpr std::uint64_t unit = 4;
    constexpr std::uint64_t total = (std::uint64_t{1} << 32) + 2;
    bf::byte_budget budget{total};
    CHECK(budget.free_bytes() == total);
    auto small = budget.try_take(1);
    CHECK(small.bytes() == 1);
    CHECK(budget.free_bytes() == total - unit + 2);  // The last unit has two bytes only.
    CHECK(small.try_grow(unit - 1));
    CHECK(budget.free_bytes() == total - unit + 2);
    CHECK(small.try_grow(1));
    CHECK(budget.free_bytes() == total - 2 * unit + 2);
    small.shrink_to(1);
    CHECK(budget.free_bytes() == total - unit + 2);
    small.release();
    const auto all = budget.try_take(total);
    CHECK(all.bytes() == total);
    CHECK(budget.free_bytes() == 0);
    CHECK_FALSE(budget.try_take(1));
    CHECK(bf::byte_budget{bf::byte_budget::max_bytes}.free_bytes() == bf::byte_budget::max_bytes);
    CHECK_THROWS_WITH(bf::byte_budget{bf::byte_budget::max_bytes + 1}, Contains("at most 8796093022208 bytes"));
}

TEST_CASE("no_more_bytes_are_out_than_there_are") {
    constexpr std::uint64_t total = 1'000;
    bf::runtime rt{small_runtime(4)};
    bf::byte_budget budget{total};
    std::atomic<std::uint64_t> out{0};
    std::atomic<int> excesses{0};
    const auto body = [&](std::uint64_t seed) -> bf::task<> {
        for (std::uint64_t n = 0; n < 1'000; ++n) {
            auto mine = co_await budget.take((seed * 7919 + n * 104'729) % (total / 2));
            if (n % 3 == 0) (void)mine.try_grow(100);
            if (out.fetch_add(mine.bytes()) + mine.bytes() > total) ++excesses;
            if (n % 8 == 0) co_await bf::yield_now();
            out -= mine.bytes();
        }
    };
    std::vector<bf::join_handle<void>> handles;
    for (std::uint64_t n = 0; n < 10; ++n) handles.push_back(rt.spawn(tests::both_backends[n % 2], body, n));
    for (auto& handle : handles) handle.join();
    CHECK(excesses == 0);
    CHECK(budget.free_bytes() == total);
}
