// What a thread keeps of the frame pool, also at its end and where there is no memory, and the frames of coroutines:
// their prefixes, alignments and beginnings.
#include "catch.hpp"
#include "resource_limits.hpp"
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <thread>
#include <vector>

namespace bf = bifilar;

namespace {

void* allocate_with_prefix(std::size_t prefix, std::size_t bytes, std::size_t alignment = 16) {
    bf::detail::this_thread().frame_prefix_bytes = prefix;
    return bf::detail::allocate_coroutine(bytes, alignment);
}

// Its destructor allocates and frees, and frees what was allocated before.
struct late_user {
    static constexpr std::size_t frame_bytes = 736;
    std::vector<void*> frames;
    void allocate() {
        for (int n = 0; n < 500; ++n) frames.push_back(bf::detail::allocate_frame(frame_bytes));
    }
    void release() {
        for (void* const frame : frames) bf::detail::release_frame(frame);
        frames.clear();
    }
    ~late_user() {
        release();
        allocate();
        release();
    }
};

}  // namespace

TEST_CASE("what_a_threads_last_destructors_free_is_there_for_others") {
    std::size_t held = 0;
    for (int round = 0; round < 20; ++round) {
        std::thread{[] {
            // Older than what gives the thread's frames back, so it goes after that.
            thread_local late_user last;
            last.allocate();
        }}.join();
        if (round == 0) held = bf::detail::frame_pool_bytes();
    }
    CHECK(bf::detail::frame_pool_bytes() == held);
}

TEST_CASE("steady_use_of_coroutine_frames_does_not_grow_the_pool") {
    for (const std::size_t prefix : {0U, 48U}) {
        std::vector<void*> frames(1'000);
        std::size_t held = 0;
        for (int round = 0; round < 20; ++round) {
            for (void*& frame : frames) frame = allocate_with_prefix(prefix, 310);
            for (void* const frame : frames) bf::detail::release_coroutine(frame);
            if (round == 0) held = bf::detail::frame_pool_bytes();
        }
        CHECK(bf::detail::frame_pool_bytes() == held);
    }
}

TEST_CASE("an_aligned_frame_has_a_wider_prefix_or_none") {
    for (std::size_t alignment = 16; alignment <= 256; alignment *= 2)
        for (std::size_t prefix = 0; prefix <= bf::detail::largest_prefix_bytes; prefix += 16)
            for (const std::size_t times : {1U, 3U, 100U}) {
                INFO("alignment " << alignment << ", prefix " << prefix << ", " << times << " times");
                void* const frame = allocate_with_prefix(prefix, times * alignment, alignment);
                const std::size_t expected = alignment == 16   ? prefix
                                             : alignment <= 64 ? bf::detail::wide_prefix(prefix)
                                                               : 0;
                CHECK(bf::detail::prefix_of(frame) == expected);
                CHECK(reinterpret_cast<std::uintptr_t>(frame) % alignment == 0);
                CHECK(bf::detail::this_thread().frame_prefix_bytes == 0);
                bf::detail::release_coroutine(frame);
            }
}

TEST_CASE("a_frame_begins_at_a_block_or_behind_its_prefix_and_nowhere_else") {
    for (const std::size_t prefix : {0U, 16U, 48U})
        for (const std::size_t bytes : {64U, 300U, 5'000U, 20'000U}) {
            INFO("prefix " << prefix << ", bytes " << bytes);
            std::vector<void*> frames(3);  // Only one of them can be the first of its slab.
            for (void*& each : frames) {
                each = allocate_with_prefix(prefix, bytes);
                auto* const frame = static_cast<std::byte*>(each);
                CHECK(bf::detail::begins_frame(frame));
                CHECK_FALSE(bf::detail::begins_frame(frame + 8));
#if !defined(BIFILAR_ASAN)  // There any aligned place will do.
                CHECK_FALSE(bf::detail::begins_frame(frame + 32));
#endif
            }
            for (void* const frame : frames) bf::detail::release_coroutine(frame);
        }
}

#if !defined(BIFILAR_ASAN)  // There every block is a malloc of its own.
TEST_CASE("a_thread_keeps_two_batches_of_64_frames_and_gives_the_rest_back") {
    constexpr std::size_t frame_bytes = 5'888;  // Of no other test.
    std::thread{[] {
        std::vector<void*> frames(64 * 3);
        for (void*& frame : frames) frame = bf::detail::allocate_frame(frame_bytes);
        const std::size_t before = bf::detail::unused_frame_bytes();
        std::vector<std::size_t> unused;
        for (void* const frame : frames) {
            bf::detail::release_frame(frame);
            unused.push_back((bf::detail::unused_frame_bytes() - before) / frame_bytes);
        }
        CHECK(std::ranges::count(unused, 0) == 128);
        CHECK(std::ranges::count(unused, 64) == 64);
    }}.join();
}

#if !defined(BIFILAR_TSAN)  // Its memory has no room below any limit.
TEST_CASE("a_frame_that_gets_no_memory_is_an_exception_and_the_pool_goes_on") {
    if (!tests::address_space_is_known()) return;
    constexpr std::size_t frame_bytes = bf::detail::largest_pooled_bytes;
    bf::detail::release_frame(bf::detail::allocate_frame(frame_bytes));  // The thread's share of the pool is there.
    bool refused = false;
    void* newest = nullptr;  // Each frame has the address of the one before in it: nothing else may be allocated.
    {
        const tests::address_space_left none{0};
        try {
            for (int n = 0; n < 10'000; ++n) {
                auto* const frame = static_cast<void**>(bf::detail::allocate_frame(frame_bytes));
                *frame = newest;
                newest = frame;
            }
        } catch (const std::bad_alloc&) {
            refused = true;
        }
    }
    CHECK(refused);
    while (newest != nullptr) {
        void* const frame = newest;
        newest = *static_cast<void**>(frame);
        bf::detail::release_frame(frame);
    }
    std::vector<void*> more(1'000);
    for (void*& frame : more) frame = bf::detail::allocate_frame(frame_bytes);
    for (void* const frame : more) bf::detail::release_frame(frame);
    bf::detail::release_unused_frames();
}
#endif
#endif
