// The frame pool gives back what was not needed lately, and keeps what was and what is in use.
#include "catch.hpp"
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;

#if !defined(BIFILAR_ASAN)  // There every block is a malloc of its own.

namespace {

constexpr std::size_t slab_bytes = 64 * 1024;

std::vector<void*> allocate(std::size_t count, std::size_t bytes) {
    std::vector<void*> blocks(count);
    for (void*& block : blocks) {
        block = bf::detail::allocate_frame(bytes);
        std::memset(block, 0x5a, bytes);
    }
    return blocks;
}

void release(const std::vector<void*>& blocks) {
    for (void* const block : blocks) bf::detail::release_frame(block);
}

bool intact(const void* block, std::size_t bytes) {
    const auto* const first = static_cast<const unsigned char*>(block);
    return std::all_of(first, first + bytes, [](unsigned char byte) { return byte == 0x5a; });
}

void trim() { (void)bf::detail::trim_frames(bf::base::now_ns(), 0); }

// The first trim sees what was needed since the one before, the second that it was not needed any more.
void trim_twice() {
    trim();
    trim();
}

// What the pool holds when other tests' blocks are gone.
std::size_t settled_bytes() {
    bf::detail::release_unused_frames();
    return bf::detail::frame_pool_bytes();
}

}  // namespace

TEST_CASE("a_burst_of_frames_is_given_back_when_it_is_not_needed_again") {
    const std::size_t before = settled_bytes();
    release(allocate(100'000, 300));
    release(allocate(10'000, 2'000));
    const std::size_t most = bf::detail::frame_pool_bytes();
    CHECK(most > before + 100'000 * 300);
    CHECK(bf::detail::frames_need_trimming() == bf::detail::trim_need::soon);
    trim();
    CHECK(bf::detail::frame_pool_bytes() == most);
    CHECK(bf::detail::frames_need_trimming() == bf::detail::trim_need::soon);
    trim();
    CHECK(bf::detail::frames_need_trimming() == bf::detail::trim_need::none);
    CHECK(bf::detail::frame_pool_bytes() == before);
    CHECK(bf::detail::unused_frame_bytes() <= before);
}

TEST_CASE("a_trim_that_comes_before_its_pause_is_over_gives_nothing_back") {
    (void)settled_bytes();
    release(allocate(10'000, 300));
    const bf::base::instant_ns now = bf::base::now_ns();
    CHECK(bf::detail::trim_frames(now, 0));
    const std::size_t held = bf::detail::frame_pool_bytes();
    CHECK(!bf::detail::trim_frames(now + 999, 1'000));
    CHECK(bf::detail::frame_pool_bytes() == held);
    CHECK(bf::detail::trim_frames(now + 1'000, 1'000));
    CHECK(bf::detail::frame_pool_bytes() < held / 2);
}

TEST_CASE("frames_that_are_needed_again_and_again_are_kept") {
    (void)settled_bytes();
    release(allocate(50'000, 300));
    trim();
    const std::size_t needed = bf::detail::frame_pool_bytes();
    for (int round = 0; round < 5; ++round) {
        release(allocate(50'000, 300));
        trim();
    }
    CHECK(bf::detail::frame_pool_bytes() >= needed - slab_bytes);
    CHECK(bf::detail::frame_pool_bytes() <= needed + slab_bytes);
    // Half as many from now on.
    for (int round = 0; round < 3; ++round) {
        release(allocate(25'000, 300));
        trim();
    }
    CHECK(bf::detail::frame_pool_bytes() < needed * 7 / 10);
    CHECK(bf::detail::frame_pool_bytes() > needed * 4 / 10);
}

TEST_CASE("frames_that_live_keep_their_slabs_and_no_others") {
    const std::size_t before = settled_bytes();
    std::vector<void*> blocks = allocate(100'000, 160);
    std::vector<void*> kept;
    for (std::size_t n = 0; n < blocks.size(); n += 10'000) {
        kept.push_back(blocks[n]);
        blocks[n] = blocks.back();
        blocks.pop_back();
    }
    release(blocks);
    trim_twice();
    CHECK(bf::detail::frame_pool_bytes() <= before + kept.size() * slab_bytes);
    // What cannot leave is looked at less often, until there is more of it.
    trim();
    CHECK(bf::detail::frames_need_trimming() != bf::detail::trim_need::soon);
    for (void* const block : kept) CHECK(intact(block, 160));
    // What is given back can be had again.
    const std::vector<void*> more = allocate(100'000, 160);
    for (void* const block : kept) CHECK(intact(block, 160));
    const bool all_intact = std::all_of(more.begin(), more.end(), [](void* block) { return intact(block, 160); });
    CHECK(all_intact);
    release(more);
    release(kept);
    trim_twice();
    CHECK(bf::detail::frame_pool_bytes() == before);
}

TEST_CASE("frames_come_and_go_while_another_thread_trims") {
    const std::size_t before = settled_bytes();
    std::atomic<bool> over{false};
    std::thread trims{[&] {
        while (!over) {
            trim();
            bf::detail::release_unused_frames();
        }
    }};
    std::atomic<int> broken{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 3; ++t)
        threads.emplace_back([&broken, t] {
            for (std::size_t round = 0; round < 60; ++round) {
                const std::size_t bytes = 64 + (t + round) % 5 * 160;
                const std::vector<void*> blocks = allocate(2'000, bytes);
                for (void* const block : blocks)
                    if (!intact(block, bytes)) ++broken;
                release(blocks);
            }
        });
    for (std::thread& thread : threads) thread.join();
    over = true;
    trims.join();
    CHECK(broken == 0);
    CHECK(settled_bytes() <= before);
}

// A fork may come while a thread that the child does not have is in the middle of a trim.
TEST_CASE("a_forked_child_gives_frames_back_whatever_its_parent_was_doing") {
    const std::size_t before = settled_bytes();
    std::atomic<bool> over{false};
    std::thread trims{[&] {
        while (!over) {
            release(allocate(2'000, 160));
            bf::detail::release_unused_frames();
        }
    }};
    std::vector<int> answers;
    for (int round = 0; round < 50; ++round) {
        const pid_t child = ::fork();
        if (child == 0) {
            const std::size_t there = settled_bytes();
            release(allocate(20'000, 300));
            bf::detail::release_unused_frames();
            std::_Exit(bf::detail::frame_pool_bytes() <= there ? 0 : 1);
        }
        int answer = -1;
        if (child > 0) ::waitpid(child, &answer, 0);
        answers.push_back(answer);
    }
    over = true;
    trims.join();
    CHECK(answers == std::vector<int>(answers.size(), 0));
    CHECK(settled_bytes() <= before);
}

#endif
