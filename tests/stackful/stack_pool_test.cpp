// The pool: reuse, trimming, many stacks on default limits, threads, and what it refuses.
// It builds on /proc for resident memory and mappings; the kernel's own numbers are the oracle.
// Sizes shrink under sanitizers, which have shadow memory of their own.
#include "catch.hpp"
#include "resource_limits.hpp"

#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace bifilar::stackful;
using Catch::Matchers::Contains;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr bool watched = true;
#else
constexpr bool watched = false;
#endif

std::size_t status_kib(const char* key) {
    std::ifstream in{"/proc/self/status"};
    for (std::string word; in >> word;)
        if (word == key) {
            std::size_t kib = 0;
            in >> kib;
            return kib;
        }
    return 0;
}

std::size_t mappings() {
    std::ifstream in{"/proc/self/maps"};
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>{in}, {}, '\n'));
}

void use(stack_view stack, std::size_t bytes) { std::memset(stack.top - bytes, 0x5a, bytes); }

}  // namespace

TEST_CASE("the newest returned stack is the next taken", "[stackful][stack_pool]") {
    stack_pool pool;
    stack_cache cache{pool};
    const stack_view a = cache.take(65536), b = cache.take(65536);
    REQUIRE(a.low != b.low);
    REQUIRE(a.size() > 65536 - 1088);
    REQUIRE(reinterpret_cast<std::uintptr_t>(a.top) % 64 == 0);
    cache.give(a);
    cache.give(b);
    REQUIRE(cache.take(65536).low == b.low);
    REQUIRE(cache.take(40000).low == a.low);
    cache.give(a);
    cache.give(b);
}

TEST_CASE("tops are coloured inside the top page, or not at all", "[stackful][stack_pool]") {
    for (const bool colour : {true, false}) {
        stack_pool pool{{.colour = colour}};
        std::set<std::size_t> seen;
        std::vector<stack_view> all;
        for (int i = 0; i < 64; ++i) {
            all.push_back(pool.take(65536));
            seen.insert(reinterpret_cast<std::uintptr_t>(all.back().top) % page_bytes());
        }
        REQUIRE(seen.size() == (colour ? 16 : 1));
        REQUIRE(*seen.begin() >= page_bytes() - 1024);
        for (const stack_view s : all) pool.give(s);
    }
}

TEST_CASE("a deeply used stack is trimmed on its way to the depot, a shallow one is not", "[stackful][stack_pool]") {
    stack_pool pool;
    const stack_view deep = pool.take(1 << 20), shallow = pool.take(1 << 20);
    use(deep, 512 * 1024);
    use(shallow, 32 * 1024);
    pool.give(deep);
    pool.give(shallow);
    const stack_view first = pool.take(1 << 20), second = pool.take(1 << 20);
    REQUIRE(first.low == shallow.low);
    REQUIRE(second.low == deep.low);
    REQUIRE(stack_used(shallow) == 32 * 1024);
    REQUIRE(stack_used(deep) <= page_bytes());
    pool.give(first);
    pool.give(second);
}

TEST_CASE("idle slabs go back to the kernel beyond the limit", "[stackful][stack_pool]") {
    stack_pool pool{{.spare_stacks = 100}};
    {
        stack_cache cache{pool};
        std::vector<stack_view> all;
        for (int i = 0; i < 1000; ++i) all.push_back(cache.take(16384));
        REQUIRE(pool.counts().slabs == 16);
        REQUIRE(pool.counts().reserved_bytes == 16 * 64 * (16384 + 4096));
        for (const stack_view s : all) cache.give(s);
    }
    const stack_pool_counts after = pool.counts();
    REQUIRE(after.taken == 0);
    REQUIRE(after.slabs <= 3);
    REQUIRE(after.free <= 100 + 64);
}

TEST_CASE("a trim gives the slabs back that were not needed since the last one", "[stackful][stack_pool]") {
    stack_pool pool;
    std::vector<stack_view> all;
    for (int i = 0; i < 1000; ++i) all.push_back(pool.take(16384));
    const stack_view stays = all.back();
    all.pop_back();
    for (const stack_view s : all) pool.give(s);
    REQUIRE(pool.needs_trimming() == bifilar::detail::trim_need::soon);
    REQUIRE(pool.trim(1'000, 500));
    // They were needed since the pool was made.
    REQUIRE(pool.counts().free == 999);
    REQUIRE(!pool.trim(1'499, 500));
    REQUIRE(pool.counts().free == 999);
    REQUIRE(pool.trim(1'500, 500));
    REQUIRE(pool.counts().slabs == 1);
    REQUIRE(pool.counts().taken == 1);
    REQUIRE(pool.needs_trimming() == bifilar::detail::trim_need::none);
    REQUIRE(stack_used(stays) <= page_bytes());
    pool.give(stays);
    // Once 640, then half of them are needed between any two trims.
    for (int round = 0; round < 4; ++round) {
        all.clear();
        for (int i = 0; i < (round == 0 ? 640 : 320); ++i) all.push_back(pool.take(16384));
        for (const stack_view s : all) pool.give(s);
        REQUIRE(pool.trim(2'000 + 500 * round, 500));
        REQUIRE(pool.counts().free == (round == 0 ? 640 : 320));
    }
}

TEST_CASE("tasks on stacks are visited and others are not", "[stackful][stack_pool]") {
    stack_pool pool{{.spare_stacks = 0}};
    stack_cache cache{pool};
    const auto visited = [&pool] {
        std::multiset<bifilar::detail::task_header*> seen;
        pool.visit_tasks(
            [](bifilar::detail::task_header& task, void* to) noexcept {
                static_cast<std::multiset<bifilar::detail::task_header*>*>(to)->insert(&task);
            },
            &seen);
        return seen;
    };
    // Nobody looks into a task here, so any address will do.
    const auto task_of = [](stack_view s) { return reinterpret_cast<bifilar::detail::task_header*>(s.low); };
    std::multiset<bifilar::detail::task_header*> known;
    std::vector<stack_view> all;
    for (int i = 0; i < 300; ++i) {
        all.push_back(cache.take(i % 2 == 0 ? 8192 : 65536));
        REQUIRE(task_on(all.back()).load() == nullptr);
        if (i % 3 == 0) continue;
        task_on(all.back()).store(task_of(all.back()));
        known.insert(task_of(all.back()));
    }
    REQUIRE(visited() == known);
    for (const stack_view s : all) {
        task_on(s).store(nullptr);
        pool.give(s);
    }
    REQUIRE(visited().empty());
}

TEST_CASE("stacks are taken here and returned there", "[stackful][stack_pool]") {
    stack_pool pool{{.spare_stacks = 64}};
    constexpr int rounds = watched ? 200 : 2000;
    const auto work = [&pool](unsigned seed) {
        stack_cache cache{pool};
        std::vector<stack_view> mine;
        for (int i = 0; i < rounds; ++i) {
            for (int k = 0; k < 40; ++k) {
                mine.push_back(cache.take(k % 3 == 0 ? 8192 : 16384));
                mine.back().top[-1] = std::byte{static_cast<unsigned char>(seed)};
            }
            // Half through the pool, so that the other threads' caches get them next.
            for (std::size_t k = 0; k < mine.size(); ++k) k % 2 == 0 ? cache.give(mine[k]) : pool.give(mine[k]);
            mine.clear();
        }
    };
    std::thread a{work, 1u}, b{work, 2u}, c{work, 3u};
    a.join(), b.join(), c.join();
    REQUIRE(pool.counts().taken == 0);
}

TEST_CASE("100000 guarded stacks fit the default limits and cost a page each", "[stackful][stack_pool]") {
    if (best_guard() != guard_kind::marker) return;
    constexpr std::size_t count = watched ? 10'000 : 100'000;
    if (!tests::address_space_suffices(count * 80'000)) return;
    stack_pool pool;
    stack_cache cache{pool};
    std::vector<stack_view> all;
    all.reserve(count);
    const std::size_t maps = mappings(), resident = status_kib("VmRSS:"), tables = status_kib("VmPTE:");
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(cache.take(65536));
        all.back().top[-64] = std::byte{1};
    }
    const double each =
        static_cast<double>(status_kib("VmRSS:") - resident + status_kib("VmPTE:") - tables) * 1024 / count;
    INFO("bytes each: " << each << ", mappings before " << maps << ", after " << mappings());
    if (!watched) {
        REQUIRE(each < 4.4 * 1024);
        REQUIRE(mappings() < maps + 100);
    }
    for (const stack_view s : all) cache.give(s);
}

// Hidden: 4.1 GiB resident. Run with: stackful_test "[million]".
TEST_CASE("a million guarded stacks fit the default limits", "[.][million]") {
    for (const std::size_t bytes : {std::size_t{16384}, std::size_t{65536}}) {
        stack_pool pool;
        stack_cache cache{pool};
        std::vector<stack_view> all;
        all.reserve(1'000'000);
        const std::size_t maps = mappings(), resident = status_kib("VmRSS:"), tables = status_kib("VmPTE:");
        for (std::size_t i = 0; i < 1'000'000; ++i) all.push_back(cache.take(bytes));
        for (const stack_view s : all) s.top[-64] = std::byte{1};
        const double rss = static_cast<double>(status_kib("VmRSS:") - resident) * 1024 / 1e6;
        const double pte = static_cast<double>(status_kib("VmPTE:") - tables) * 1024 / 1e6;
        WARN(bytes << " byte stacks: resident " << rss << " B, page tables " << pte << " B each, " << mappings() - maps
                   << " mappings more");
        REQUIRE(rss + pte < 4.4 * 1024);
        for (const stack_view s : all) cache.give(s);
    }
}

TEST_CASE("running out of mappings is an error that names the limit, and not the end", "[stackful][stack_pool]") {
    if (watched) return;
    stack_pool pool{{.guard = guard_kind::protect}};
    std::vector<stack_view> all;
    std::string said;
    try {
        for (int i = 0; i < 100'000; ++i) all.push_back(pool.take(8192));
    } catch (const std::system_error& e) {
        said = e.what();
        REQUIRE(e.code() == std::errc::not_enough_memory);
    }
    if (!said.empty()) {
        REQUIRE_THAT(said, Contains("vm.max_map_count") && Contains("sysctl"));
        REQUIRE(all.size() > 20'000);
        REQUIRE_THROWS_AS(pool.take(8192), std::system_error);
        pool.give(all.back());
        REQUIRE(pool.take(8192).low == all.back().low);
    }
    for (const stack_view s : all) pool.give(s);
}

TEST_CASE("two pools live side by side and refused sizes change nothing", "[stackful][stack_pool]") {
    stack_pool one, two;
    const stack_view a = one.take(8192), b = two.take(8192);
    REQUIRE_THROWS_AS(one.take(100), std::invalid_argument);
    REQUIRE_THROWS_AS(one.take(std::size_t{1} << 40), std::invalid_argument);
    REQUIRE(one.counts().taken == 1);
    one.give(a);
    two.give(b);
    REQUIRE(two.counts().taken == 0);
}

TEST_CASE("wrong returns end the process", "[stackful][stack_pool]") {
    for (const bool twice : {true, false}) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(STDERR_FILENO);
            std::signal(SIGABRT, SIG_DFL);  // The test framework's own handler would speak here.
            stack_pool pool;
            const stack_view a = pool.take(8192);
            if (twice) pool.give(a), pool.give(a);
            pool.~stack_pool();
            ::_exit(0);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        REQUIRE(WIFSIGNALED(status));
    }
}
