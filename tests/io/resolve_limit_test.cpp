// Slow names: how many lookups wait for a thread, and what becomes of those that are asked for beyond that.
#include "../simulated_runtime.hpp"
#include "names.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bf = bifilar;
using tests::wait_until;

// The queue had no end: whoever could name hosts whose servers are silent could fill the memory with lookups.
TEST_CASE("lookups_beyond_those_that_may_wait_are_refused_at_once") {
    for (const bf::backend on : tests::each_backend) {
        const tests::names names;
        names.hold();
        bf::resolver_options options = names.options();
        options.max_at_once = 2;
        options.max_queued = 3;
        bf::resolver resolver{std::move(options)};
        bf::runtime rt{both::small_runtime()};
        const auto ask = [&](int n) {
            return rt.spawn(on,
                            [&resolver, host = "slow" + std::to_string(n)] { return resolver.resolve(host, "80"); });
        };
        std::vector<bf::join_handle<bf::lookup_result>> all;
        for (std::size_t n = 0; n < 5; ++n) {  // One after the other, as the first two are those on their way.
            all.push_back(ask(static_cast<int>(n)));
            const std::size_t under_way = std::min<std::size_t>(n + 1, 2);
            wait_until([&] {
                const bf::resolver_stats now = resolver.stats();
                return now.under_way == under_way && now.queued == n + 1 - under_way;
            });
        }
        const auto refused = ask(5).join();
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error() == bf::resolve_errc::too_many);
        CHECK(refused.error() == std::errc::resource_unavailable_try_again);
        CHECK(resolver.stats().refused == 1);
        // Who asks for what is on its way shares it; and who leaves makes room.
        auto shared = ask(4);
        wait_until([&] { return resolver.stats().shared == 1; });
        all[3].cancel();
        CHECK_FALSE(bf::block_on(all[3].outcome()).has_value());
        auto next = ask(6);
        wait_until([&] { return resolver.stats().queued == 3; });
        names.let_all_go();
        CHECK(shared.join().error() == bf::resolve_errc::no_such_host);
        CHECK(next.join().error() == bf::resolve_errc::no_such_host);
        for (std::size_t n = 0; n < all.size(); ++n)
            if (n != 3) CHECK(all[n].join().error() == bf::resolve_errc::no_such_host);
        CHECK(ask(5).join().error() == bf::resolve_errc::no_such_host);
    }
}

// The sum of both limits wrapped around, and nearly all was refused.
TEST_CASE("as_many_lookups_as_there_is_memory_for_may_wait") {
    const tests::names names;
    bf::resolver_options options = names.options();
    options.max_queued = SIZE_MAX;
    bf::resolver resolver{std::move(options)};
    bf::runtime rt{both::small_runtime()};
    CHECK(rt.run([&] { return resolver.resolve("nowhere", "80"); }).error() == bf::resolve_errc::no_such_host);
    CHECK(resolver.stats().refused == 0);
}
