// The depot of a stack pool, to the exact count: which stacks it keeps, when it asks for a trim, what goes back to the
// kernel, and what a guard that the kernel refuses leaves behind.
#include "catch.hpp"
#include "drivers/answered_calls.hpp"
#include "last_words.hpp"

#include <bifilar/stackful/detail/stack_pool.hpp>

#include <cerrno>
#include <cstddef>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <vector>

using namespace bifilar::stackful;
using bifilar::detail::trim_need;

namespace {

constexpr std::size_t bytes = 16384;
constexpr std::size_t in_a_slab = 64;  // So many stacks of this size.

std::vector<stack_view> taken_from(stack_pool& pool, std::size_t count) {
    std::vector<stack_view> all;
    for (std::size_t n = 0; n < count; ++n) all.push_back(pool.take(bytes));
    return all;
}

void give(stack_pool& to, const std::vector<stack_view>& all) {
    for (const stack_view each : all) to.give(each);
}

/// Whether anything is mapped there.
bool is_mapped(std::byte* page) {
    unsigned char present = 0;
    return ::mincore(page, 1, &present) == 0 || errno != ENOMEM;
}

/// Whether a system call may read there.
bool is_readable(const std::byte* page) {
    return ::access(reinterpret_cast<const char*>(page), F_OK) == 0 || errno != EFAULT;
}

}  // namespace

TEST_CASE("a_slab_is_used_up_before_another_is_made") {
    stack_pool pool;
    pool.give(pool.take(bytes));
    const auto all = taken_from(pool, in_a_slab);
    CHECK(pool.counts().slabs == 1);
    give(pool, all);
}

TEST_CASE("below_each_stack_there_is_a_guard") {
    for (const guard_kind kind : {guard_kind::best, guard_kind::protect}) {
        stack_pool pool{{.guard = kind}};
        for (const stack_view each : {pool.take(bytes), pool.take(bytes)}) {
            const stack_view guard = stack_pool::guard_of(each);
            CHECK(guard.top == each.low);
            CHECK(guard.size() == page_bytes());
            CHECK_FALSE(is_readable(guard.low));
            CHECK(is_readable(each.low));
            pool.give(each);
        }
    }
}

TEST_CASE("slabs_stay_until_more_stacks_are_free_than_the_spare_ones") {
    for (const std::size_t spare : {in_a_slab - 1, in_a_slab}) {
        stack_pool pool{{.spare_stacks = spare}};
        const auto all = taken_from(pool, in_a_slab);
        give(pool, all);
        const bool stays = spare == in_a_slab;
        CHECK(pool.counts().free == (stays ? in_a_slab : 0));
        CHECK(is_mapped(all.front().low) == stays);
    }
}

TEST_CASE("a_trim_is_needed_when_more_stacks_are_free_than_it_left_and_64_more") {
    stack_pool pool;
    auto all = taken_from(pool, 5 * in_a_slab);
    // One of each slab stays out, so no slab can go.
    std::vector<stack_view> stay;
    std::vector<stack_view> others;
    for (std::size_t n = 0; n < all.size(); ++n) (n % in_a_slab == 0 ? stay : others).push_back(all[n]);
    const auto give_some = [&](std::size_t count) {
        for (; count != 0; --count, others.pop_back()) pool.give(others.back());
    };
    give_some(64);
    CHECK(pool.needs_trimming() == trim_need::none);
    give_some(36);
    CHECK(pool.needs_trimming() == trim_need::soon);
    CHECK(pool.trim(1'000, 500));
    // They were needed until now; the next trim knows more.
    CHECK(pool.needs_trimming() == trim_need::soon);
    CHECK(pool.trim(1'500, 500));
    CHECK(pool.needs_trimming() == trim_need::later);
    give_some(64);
    CHECK(pool.needs_trimming() == trim_need::later);
    give_some(1);
    CHECK(pool.needs_trimming() == trim_need::soon);
    const auto again = taken_from(pool, pool.counts().free);
    CHECK(pool.needs_trimming() == trim_need::none);
    give(pool, again);
    give(pool, stay);
    give(pool, others);
}

TEST_CASE("a_trim_gives_the_memory_of_slabs_back") {
    stack_pool pool;
    const auto all = taken_from(pool, in_a_slab);
    give(pool, all);
    CHECK(pool.trim(1'000, 500));
    CHECK(is_mapped(all.front().low));
    CHECK(pool.trim(1'500, 500));
    CHECK_FALSE(is_mapped(all.front().low));
}

TEST_CASE("the_place_of_a_stack_whose_guard_is_refused_is_used_by_the_next") {
    stack_pool pool{{.guard = guard_kind::protect}};
    auto all = taken_from(pool, in_a_slab - 1);
    bool refused = false;
    const bool filtered = tests::with_answered_call(SYS_mprotect, ENOMEM, [&] {
        try {
            (void)pool.take(bytes);
        } catch (const std::system_error&) {
            refused = true;
        }
    });
    if (filtered) {
        CHECK(refused);
        CHECK(pool.counts().taken == in_a_slab - 1);
        all.push_back(pool.take(bytes));
        CHECK(pool.counts().slabs == 1);
    }
    give(pool, all);
}

TEST_CASE("a_stack_that_is_warm_is_returned_no_second_time") {
    tests::check_aborts("a stack was returned that is not taken", [] {
        stack_pool pool;
        stack_cache cache{pool};
        const stack_view one = cache.take(bytes);
        cache.give(one);
        cache.give(one);
    });
}
