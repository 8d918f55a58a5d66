// Who may look for work, and who is woken for it, one step after the other; model/idle_set_test.cpp has the orders.
#include "catch.hpp"
#include <bifilar/sched/detail/idle_set.hpp>

#include <cstdint>

using bifilar::sched::idle_set;

TEST_CASE("at most half of the workers look for work") {
    idle_set four{4};
    CHECK(four.start_search());
    CHECK(four.start_search());
    CHECK_FALSE(four.start_search());
    CHECK(four.searching() == 2);
    CHECK_FALSE(four.end_search());
    CHECK(four.start_search());
    CHECK_FALSE(four.end_search());
    CHECK(four.end_search());
    idle_set one{1};
    CHECK(one.start_search());
    CHECK_FALSE(one.start_search());
}

TEST_CASE("nobody is woken while another looks for work") {
    idle_set four{4};
    CHECK_FALSE(four.claim());
    four.enter(1, false);
    four.enter(2, false);
    CHECK(four.claim() == 1);  // It counts as one that looks.
    CHECK_FALSE(four.claim());
    CHECK(four.leave(1));
    CHECK(four.end_search());
    CHECK(four.claim() == 2);
    CHECK(four.idle() == 0);
    CHECK(four.searching() == 1);
}

TEST_CASE("who leaves by itself is not woken") {
    constexpr std::uint32_t workers = 130;
    idle_set many{workers};
    for (const std::uint32_t worker : {3U, 70U, 129U}) many.enter(worker, false);
    CHECK_FALSE(many.leave(3));
    CHECK(many.claim() == 70);
    CHECK(many.leave(70));
    CHECK(many.end_search());
    CHECK(many.claim() == 129);
    CHECK(many.leave(129));
    CHECK(many.end_search());
    CHECK_FALSE(many.wants_work());
}
