// The frame pool: size classes, blocks that other threads free, large blocks, prefixes, and the marks of live tasks.
// Marks are set on blocks of the pool by hand, for owners that no runtime of this process has.
#include "catch.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace bf = bifilar;

namespace {

#if defined(BIFILAR_ASAN)
constexpr bool pools = false;  // Every block is a malloc of its own.
#else
constexpr bool pools = true;
#endif

constexpr bf::detail::task_owner one_owner = 4'001;
constexpr bf::detail::task_owner other_owner = 4'002;

// A block whose content tells whether anybody else has written to it.
class filled {
public:
    filled(std::size_t bytes, unsigned char pattern) : filled(bf::detail::allocate_frame(bytes), bytes, pattern) {}
    filled(void* block, std::size_t bytes, unsigned char pattern) : block_{block}, bytes_{bytes}, pattern_{pattern} {
        std::memset(block_, pattern_, bytes_);
    }
    [[nodiscard]] void* block() const noexcept { return block_; }
    [[nodiscard]] bool intact() const {
        const auto* const bytes = static_cast<const unsigned char*>(block_);
        return std::all_of(bytes, bytes + bytes_, [this](unsigned char byte) { return byte == pattern_; });
    }
    void release() { bf::detail::release_frame(block_); }

private:
    void* block_;
    std::size_t bytes_;
    unsigned char pattern_;
};

void* allocate_with_prefix(std::size_t prefix, std::size_t bytes) {
    bf::detail::this_thread().frame_prefix_bytes = prefix;
    return bf::detail::allocate_coroutine(bytes);
}

std::multiset<void*> visited(bf::detail::task_owner owner) {
    std::multiset<void*> seen;
    bf::detail::visit_tasks(
        owner,
        [](bf::detail::task_header& task, void* to) noexcept { static_cast<std::multiset<void*>*>(to)->insert(&task); },
        &seen);
    return seen;
}

}  // namespace

TEST_CASE("blocks_of_every_size_are_aligned_and_do_not_overlap") {
    std::vector<filled> blocks;
    bool aligned = true;
    unsigned char pattern = 0;
    for (int round = 0; round < 3; ++round)
        for (std::size_t bytes = 1; bytes <= bf::detail::largest_pooled_bytes + 200; bytes += bytes < 1'100 ? 1 : 61) {
            blocks.emplace_back(bytes, ++pattern);
            aligned &= reinterpret_cast<std::uintptr_t>(blocks.back().block()) % 16 == 0;
        }
    CHECK(aligned);
    const bool intact = std::all_of(blocks.begin(), blocks.end(), [](const filled& one) { return one.intact(); });
    CHECK(intact);
    for (filled& one : blocks) one.release();
}

TEST_CASE("a_class_is_not_much_larger_than_what_was_asked_for") {
    if (!pools) return;
    for (const std::size_t bytes :
         {1U, 63U, 64U, 65U, 80U, 81U, 1'023U, 1'024U, 1'025U, 1'280U, 1'281U, 4'095U, 4'096U}) {
        void* const block = bf::detail::allocate_coroutine(bytes);
        const std::size_t got = bf::detail::frame_bytes(block);
        const std::size_t step = bytes <= 64 ? 64 : bytes <= 1'024 ? 16 : 256;
        bf::detail::release_coroutine(block);
        INFO("asked for " << bytes << ", got " << got);
        CHECK(got >= bytes);
        CHECK(got < bytes + step);
    }
}

TEST_CASE("a_freed_block_is_the_next_of_its_class") {
    if (!pools) return;
    for (const std::size_t bytes : {64U, 100U, 1'000U, 4'096U}) {
        void* const first = bf::detail::allocate_frame(bytes);
        bf::detail::release_frame(first);
        void* const second = bf::detail::allocate_frame(bytes);
        CHECK(first == second);
        bf::detail::release_frame(second);
    }
}

TEST_CASE("steady_use_does_not_grow_the_pool") {
    std::vector<void*> blocks(1'000);
    std::size_t held = 0;
    for (int round = 0; round < 50; ++round) {
        for (void*& block : blocks) block = bf::detail::allocate_frame(300);
        for (void* const block : blocks) bf::detail::release_frame(block);
        if (round == 0) held = bf::detail::frame_pool_bytes();
    }
    CHECK(bf::detail::frame_pool_bytes() == held);
    if (pools) CHECK(held > 0);
}

TEST_CASE("blocks_above_the_largest_class_come_and_go") {
    std::vector<filled> blocks;
    unsigned char pattern = 0;
    for (const std::size_t bytes : {8'193U, 9'000U, 65'536U, 1'000'000U, 8'193U}) blocks.emplace_back(bytes, ++pattern);
    for (const filled& one : blocks) {
        CHECK(reinterpret_cast<std::uintptr_t>(one.block()) % 16 == 0);
        CHECK(bf::detail::frame_bytes(one.block()) == 0);
    }
    const bool intact = std::all_of(blocks.begin(), blocks.end(), [](const filled& one) { return one.intact(); });
    CHECK(intact);
    // From the middle of the ring, from its ends.
    for (const std::size_t n : {2U, 0U, 4U, 1U, 3U}) blocks[n].release();
}

TEST_CASE("a_prefix_is_left_free_once_and_found_again") {
    for (std::size_t prefix = 16; prefix <= bf::detail::largest_prefix_bytes; prefix += 16)
        for (const std::size_t bytes : {64U, 200U, 4'000U, 7'000U, 9'000U}) {
            INFO("prefix " << prefix << ", bytes " << bytes);
            void* const frame = allocate_with_prefix(prefix, bytes);
            CHECK(bf::detail::this_thread().frame_prefix_bytes == 0);
            CHECK(bf::detail::prefix_of(frame) == prefix);
            const filled whole{static_cast<std::byte*>(frame) - prefix, prefix + bytes, 7};
            void* const next = bf::detail::allocate_coroutine(bytes);
            CHECK(bf::detail::prefix_of(next) == 0);
            CHECK(whole.intact());
            bf::detail::release_coroutine(next);
            bf::detail::release_coroutine(frame);
        }
}

TEST_CASE("large_blocks_have_the_alignment_of_their_size_and_know_their_slab") {
    for (std::size_t alignment = 4'096; alignment <= std::size_t{1} << 21; alignment *= 2) {
        INFO("alignment " << alignment);
        const filled one{3 * alignment, 1};
        const filled two{alignment, 2};
        CHECK(reinterpret_cast<std::uintptr_t>(one.block()) % alignment == 0);
        CHECK(reinterpret_cast<std::uintptr_t>(two.block()) % alignment == 0);
        CHECK(one.intact());
        bf::detail::release_frame(one.block());
        CHECK(two.intact());
        bf::detail::release_frame(two.block());
        // With its prefix of a size that lets blocks begin at a boundary.
        for (const std::size_t prefix : {16U, 48U, 64U, 128U}) {
            void* const frame = allocate_with_prefix(prefix, alignment - prefix);
            const filled whole{static_cast<std::byte*>(frame) - prefix, alignment, 3};
            CHECK(bf::detail::prefix_of(frame) == prefix);
            CHECK(whole.intact());
            bf::detail::release_coroutine(frame);
        }
    }
}

TEST_CASE("a_frame_that_became_a_task_is_freed_with_the_task") {
    void* const frame = allocate_with_prefix(48, 100);
    void* const block = static_cast<std::byte*>(frame) - 48;
    bf::detail::mark_task(frame, one_owner, 48);
    CHECK(bf::detail::prefix_of(frame) == 0);
    const filled task{block, 48, 9};
    bf::detail::release_coroutine(frame);  // The coroutine ends; the block stays the task's.
    void* const another = bf::detail::allocate_frame(148);
    CHECK(another != block);
    CHECK(task.intact());
    bf::detail::unmark_task(frame);
    bf::detail::release_frame(block);
    bf::detail::release_frame(another);
    CHECK(visited(one_owner).empty());
}

TEST_CASE("visit_finds_the_live_tasks_of_one_owner") {
    const std::uint64_t seed = tests::seed_of_this_run("frame marks");
    INFO("seed: " << seed);
    bf::base::random random{seed};
    struct task {
        void* block;
        void* place;
        bf::detail::task_owner owner;
    };
    std::vector<task> tasks;
    int wrong = 0;
    const auto count_wrong = [&] {
        for (const bf::detail::task_owner owner : {one_owner, other_owner}) {
            std::multiset<void*> expected;
            for (const task& one : tasks)
                if (one.owner == owner) expected.insert(one.block);
            if (visited(owner) != expected) ++wrong;
        }
    };
    for (int step = 0; step < 6'000; ++step) {
        if (random.below(3) != 0) {
            const bf::detail::task_owner owner = random.below(2) == 0 ? one_owner : other_owner;
            // Headers with and without a frame behind them, in all classes, a few of them large.
            const std::size_t prefix = random.below(8) * 16;
            const std::size_t bytes = 64 + (random.below(100) == 0 ? 5'000 : random.below(400));
            void* const place = prefix != 0 ? allocate_with_prefix(prefix, bytes) : bf::detail::allocate_frame(bytes);
            bf::detail::mark_task(place, owner, prefix);
            tasks.push_back({static_cast<std::byte*>(place) - prefix, place, owner});
        } else if (!tasks.empty()) {
            std::swap(tasks[random.below(static_cast<std::uint32_t>(tasks.size()))], tasks.back());
            bf::detail::unmark_task(tasks.back().place);
            bf::detail::release_frame(tasks.back().block);
            tasks.pop_back();
        }
        if (step % 500 == 0) count_wrong();
    }
    count_wrong();
    CHECK(wrong == 0);
    for (const task& one : tasks) {
        bf::detail::unmark_task(one.place);
        bf::detail::release_frame(one.block);
    }
    CHECK(visited(one_owner).empty());
    CHECK(visited(other_owner).empty());
}

TEST_CASE("blocks_may_be_freed_by_any_thread") {
    // One thread allocates, another frees: chains travel through the depot, and the pool stops growing.
    constexpr int rounds = 200;
    constexpr std::size_t batch = 500;
    std::mutex mutex;
    std::deque<std::vector<filled>> handed_over;
    std::atomic<bool> over{false};
    std::atomic<int> broken{0};
    std::thread freer{[&] {
        for (bool more = true; more;) {
            more = !over;
            std::vector<filled> blocks;
            {
                const std::lock_guard guard{mutex};
                if (!handed_over.empty()) {
                    blocks = std::move(handed_over.front());
                    handed_over.pop_front();
                    more = true;
                }
            }
            if (blocks.empty()) std::this_thread::yield();
            for (filled& one : blocks) {
                if (!one.intact()) ++broken;
                one.release();
            }
        }
    }};
    std::size_t held_at_half = 0;
    for (int round = 0; round < rounds; ++round) {
        std::vector<filled> blocks;
        for (std::size_t n = 0; n < batch; ++n) blocks.emplace_back(64 + n % 7 * 50, static_cast<unsigned char>(n));
        // A bounded number is on its way, so the pool's size is bounded as well.
        for (bool waiting = true; waiting;) {
            {
                const std::lock_guard guard{mutex};
                waiting = handed_over.size() >= 4;
                if (!waiting) handed_over.push_back(std::move(blocks));
            }
            if (waiting) std::this_thread::yield();
        }
        if (round == rounds / 2) held_at_half = bf::detail::frame_pool_bytes();
    }
    over = true;
    freer.join();
    CHECK(broken == 0);
    // 200 batches are 20 MB; one chunk of 1 MiB more is a matter of timing.
    CHECK(bf::detail::frame_pool_bytes() <= held_at_half + (std::size_t{1} << 20));
}

TEST_CASE("a_thread_that_ends_leaves_its_blocks_to_the_others") {
    std::size_t held = 0;
    for (int round = 0; round < 40; ++round) {
        std::thread{[] {
            std::vector<void*> blocks(500);
            for (void*& block : blocks) block = bf::detail::allocate_frame(720);
            for (void* const block : blocks) bf::detail::release_frame(block);
        }}.join();
        if (round == 0) held = bf::detail::frame_pool_bytes();
    }
    CHECK(bf::detail::frame_pool_bytes() == held);
}

TEST_CASE("random_use_by_many_threads_keeps_every_block_apart") {
    const std::uint64_t seed = tests::seed_of_this_run("frame pool");
    INFO("seed: " << seed);
    std::mutex mutex;
    std::vector<filled> shared;
    std::atomic<int> broken{0};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            bf::base::random random{seed + t};
            for (int n = 0; n < 10'000; ++n) {
                const std::size_t bytes = random.below(50) == 0 ? 6'000 : 1 + random.below(1'500);
                filled one{bytes, static_cast<unsigned char>(random.next())};
                {
                    const std::lock_guard guard{mutex};
                    shared.push_back(one);
                    std::swap(shared[random.below(static_cast<std::uint32_t>(shared.size()))], shared.back());
                    if (shared.size() < 200) continue;
                    one = shared.back();
                    shared.pop_back();
                }
                if (!one.intact()) ++broken;
                one.release();
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (filled& one : shared) {
        if (!one.intact()) ++broken;
        one.release();
    }
    CHECK(broken == 0);
}

TEST_CASE("neighbours_of_one_class_have_marks_of_their_own") {
    // A short frame behind a prefix, and a task without one in the next block: their places are less than 64 bytes
    // apart.
    for (std::size_t prefix = 16; prefix <= bf::detail::largest_prefix_bytes; prefix += 16)
        for (const std::size_t bytes : {32U, 40U, 48U, 56U, 64U}) {
            INFO("prefix " << prefix << ", bytes " << bytes);
            std::multiset<void*> expected;
            std::vector<std::pair<void*, void*>> tasks;
            for (int n = 0; n < 200; ++n) {
                const bool with_frame = n % 2 == 0;
                void* const place =
                    with_frame ? allocate_with_prefix(prefix, bytes) : bf::detail::allocate_frame(prefix + bytes);
                const std::size_t before = with_frame ? prefix : 0;
                bf::detail::mark_task(place, one_owner, before);
                tasks.emplace_back(place, static_cast<std::byte*>(place) - before);
                expected.insert(tasks.back().second);
            }
            const bool all_found = visited(one_owner) == expected;
            CHECK(all_found);
            for (const auto& [place, block] : tasks) {
                bf::detail::unmark_task(place);
                bf::detail::release_frame(block);
            }
        }
}
