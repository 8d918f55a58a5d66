// Names to addresses: shared, bounded, kept for a while, and never in the way of who does not wait any more.
#include "../last_words.hpp"
#include "../simulated_runtime.hpp"
#include "../uninterrupted.hpp"
#include "names.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/io/resolve/resolver.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <netdb.h>
#include <new>
#include <optional>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::wait_until;

namespace {

using answer = bf::lookup_result;

// Asks in a task of the model.
auto ask(bf::runtime& rt, bf::backend on, bf::resolver& whom, const std::string& host) {
    return rt.spawn(on, [&whom, host] { return whom.resolve(host, "80"); });
}

}  // namespace

TEST_CASE("a_numeric_host_is_answered_without_a_thread") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        bf::resolver resolver{tests::names{}.options()};
        const auto resolved = [&](const char* host, const char* service) {
            const answer got = both::await_in(m, rt, [&, host, service] { return resolver.resolve(host, service); });
            REQUIRE(got.has_value());
            REQUIRE(got->size() == 1);
            return got->front().to_string();
        };
        CHECK(resolved("127.0.0.1", "80") == "127.0.0.1:80");
        CHECK(resolved("::1", "65535") == "[::1]:65535");
        CHECK(resolved("127.0.0.2", "") == "127.0.0.2:0");
        CHECK(resolver.stats().lookups == 0);
        CHECK(resolver.stats().threads == 0);
    });
}

TEST_CASE("what_cannot_be_right_is_refused_without_a_thread") {
    const tests::names names;
    bf::resolver resolver{names.options()};
    const auto error = [&](std::string_view host, std::string_view service) {
        return bf::block_on(resolver.resolve(host, service)).error();
    };
    CHECK(error("", "80") == bf::resolve_errc::no_such_host);
    CHECK(error(std::string_view{"a\0b", 3}, "80") == bf::resolve_errc::no_such_host);
    CHECK(error("127.0.0.1", "65536") == bf::resolve_errc::unknown_service);
    CHECK(error("host", "99999999999999999999") == bf::resolve_errc::unknown_service);
    CHECK(error("host", std::string_view{"8\0", 2}) == bf::resolve_errc::unknown_service);
    CHECK(names.lookups() == 0);
}

TEST_CASE("the_system_is_asked_for_names") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const answer local = both::await_in(m, rt, [] { return bf::resolve("localhost", "7777"); });
        REQUIRE(local.has_value());
        for (const bf::socket_address& one : *local) CHECK(one.port() == 7777);
        const answer unknown = both::await_in(m, rt, [] { return bf::resolve("localhost", "no-such-service"); });
        CHECK(unknown.error() == bf::resolve_errc::unknown_service);
    });
}

TEST_CASE("who_asks_the_same_shares_the_lookup") {
    for (const bf::backend on : tests::each_backend) {
        const tests::names names;
        // Whoever is first says how it is spelled.
        for (const char* const spelled : {"shared", "Shared", "SHARED"})
            names.add(spelled, {"127.0.0.1:80", "[::1]:80"});
        names.hold();
        bf::resolver resolver{names.options()};
        bf::runtime rt{both::small_runtime()};
        std::vector<bf::join_handle<answer>> all;
        for (const char* const spelled : {"shared", "Shared", "SHARED", "shared"})
            all.push_back(ask(rt, on, resolver, spelled));
        wait_until([&] { return resolver.stats().shared == 3; });
        const bf::resolver_stats held = resolver.stats();
        CHECK(held.under_way + held.queued == 1);
        names.let_all_go();
        for (auto& one : all) CHECK(one.join().value().size() == 2);
        CHECK(names.lookups() == 1);
        // Nothing is kept where the options do not say so.
        CHECK(ask(rt, on, resolver, "shared").join().has_value());
        CHECK(names.lookups() == 2);
        CHECK(resolver.stats().entries == 0);
    }
}

TEST_CASE("lookups_are_bounded_and_the_rest_wait_in_order") {
    for (const bf::backend on : tests::each_backend) {
        const tests::names names;
        names.hold();
        bf::resolver_options options = names.options();
        options.max_at_once = 2;
        bf::resolver resolver{std::move(options)};
        bf::runtime rt{both::small_runtime()};
        std::vector<bf::join_handle<answer>> all;
        for (std::size_t n = 0; n < 6; ++n) {
            all.push_back(ask(rt, on, resolver, std::string{"host"} + static_cast<char>('0' + n)));
            wait_until([&] {
                const bf::resolver_stats now = resolver.stats();
                return now.under_way == std::min<std::size_t>(n + 1, 2) && now.under_way + now.queued == n + 1;
            });
        }
        CHECK(resolver.stats().threads == 2);
        for (std::size_t n = 0; n < 4; ++n) {
            names.let_one_go();
            wait_until([&] { return names.lookups() == n + 3; });
            CHECK(names.asked().back() == std::string{"host"} + static_cast<char>('2' + n));
        }
        names.let_all_go();
        for (auto& one : all) CHECK(one.join().error() == bf::resolve_errc::no_such_host);
        CHECK(resolver.stats().lookups == 6);
    }
}

TEST_CASE("a_cancelled_resolve_is_over_at_once_and_leaves_its_lookup_alone") {
    for (const bf::backend on : tests::each_backend) {
        const tests::names names;
        names.add("slow", {"127.0.0.1:80"});
        names.hold();
        bf::resolver_options options = names.options();
        options.max_at_once = 1;
        options.time_to_live = 1h;
        bf::resolver resolver{std::move(options)};
        bf::runtime rt{both::small_runtime()};
        auto slow = ask(rt, on, resolver, "slow");
        wait_until([&] { return resolver.stats().under_way == 1; });
        auto queued = ask(rt, on, resolver, "queued");
        auto also = ask(rt, on, resolver, "queued");
        wait_until([&] { return resolver.stats().queued == 1 && resolver.stats().shared == 1; });
        slow.cancel();
        CHECK_FALSE(bf::block_on(slow.outcome()).has_value());
        CHECK(resolver.stats().under_way == 1);
        // A lookup that waits for a thread goes with the last who waits for it.
        queued.cancel();
        CHECK_FALSE(bf::block_on(queued.outcome()).has_value());
        CHECK(resolver.stats().queued == 1);
        also.cancel();
        CHECK_FALSE(bf::block_on(also.outcome()).has_value());
        CHECK(resolver.stats().queued == 0);
        // What goes on alone is of use to the next.
        names.let_all_go();
        wait_until([&] { return resolver.stats().entries == 1; });
        CHECK(ask(rt, on, resolver, "slow").join().has_value());
        CHECK(names.asked() == std::vector<std::string>{"slow"});
        CHECK(resolver.stats().kept == 1);
    }
}

TEST_CASE("a_resolve_can_be_cancelled_before_it_begins_and_after_it_is_ready") {
    for (const bf::backend on : tests::each_backend) {
        const tests::names names;
        names.add("host", {"127.0.0.1:80"});
        bf::resolver resolver{names.options()};
        bf::runtime rt{both::small_runtime(1)};
        rt.run([&] {
            // The worker is busy with this fiber until the task is cancelled.
            auto unborn = bf::spawn(on, [&] { return resolver.resolve("host", "80"); });
            unborn.cancel();
            CHECK_FALSE(bf::await(unborn.outcome()).has_value());
        });
        CHECK(names.lookups() == 0);
        auto ready = ask(rt, on, resolver, "host");
        wait_until([&] { return ready.done(); });
        ready.cancel();
        CHECK(bf::block_on(ready.outcome()).value().has_value());
    }
}

TEST_CASE("cancels_race_with_answers") {
    for (const bf::backend on : tests::each_backend) {
        const tests::names names;
        names.add("host", {"127.0.0.1:80"});
        bf::resolver resolver{names.options()};
        bf::runtime rt{both::small_runtime()};
        for (int round = 0; round < 200; ++round) {
            auto first = ask(rt, on, resolver, "host");
            auto second = ask(rt, on, resolver, "host");
            if (round % 2 == 0) wait_until([&] { return resolver.stats().under_way == 0; });
            first.cancel();
            const auto outcome = bf::block_on(first.outcome());
            if (outcome) CHECK(outcome->has_value());
            CHECK(second.join().has_value());
        }
        wait_until([&] {
            const bf::resolver_stats now = resolver.stats();
            return now.under_way + now.queued == 0;
        });
    }
}

TEST_CASE("a_timeout_ends_a_resolve_in_each_model") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const tests::names names;
        names.hold();
        bf::resolver resolver{names.options()};
        const auto late = both::await_in(m, rt, [&] { return bf::timeout(resolver.resolve("silent", "80"), 1ms); });
        CHECK_FALSE(late.has_value());
        names.let_all_go();
    });
}

TEST_CASE("a_lookup_outlives_its_runtime_and_its_resolver") {
    std::weak_ptr<void> watched;
    {
        const tests::names names;
        watched = names.watch();
        names.hold();
        std::optional<bf::resolver> resolver{std::in_place, names.options()};
        for (const bf::backend on : tests::each_backend) {
            bf::runtime rt{both::small_runtime()};
            ask(rt, on, *resolver, "silent").detach();
            wait_until([&] { return names.lookups() == 1; });
        }
        CHECK(resolver->stats().under_way == 1);
        bf::resolve_future orphan = resolver->resolve("later", "80");
        resolver.reset();
        names.let_all_go();
        CHECK(bf::block_on(std::move(orphan)).error() == bf::resolve_errc::no_such_host);
    }
    // Nobody keeps a thread or an answer of it.
    wait_until([&] { return watched.expired(); });
}

TEST_CASE("answers_are_kept_for_the_stated_time") {
    for (const bf::backend on : tests::each_backend) {
        bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};
        bf::runtime rt{tests::on_clock(clock, 2)};
        const tests::names names;
        names.add("host", {"127.0.0.1:80"});
        names.add_answer("busy", std::unexpected{make_error_code(bf::resolve_errc::try_again)});
        bf::resolver_options options = names.options();
        options.time_to_live = 5s;
        options.negative_time_to_live = 1s;
        bf::resolver resolver{std::move(options)};
        const auto lookups_for = [&](const std::string& host) {
            const std::size_t before = names.lookups();
            (void)ask(rt, on, resolver, host).join();
            return names.lookups() - before;
        };
        CHECK(lookups_for("host") == 1);
        CHECK(lookups_for("HOST") == 0);
        CHECK(lookups_for("nowhere") == 1);
        clock.advance(1s - 1ns);
        CHECK(lookups_for("nowhere") == 0);
        clock.advance(1ns);
        CHECK(lookups_for("nowhere") == 1);
        clock.advance(4s - 1ns);
        CHECK(lookups_for("host") == 0);
        clock.advance(1ns);
        CHECK(lookups_for("host") == 1);
        // A failure that may pass is asked for again.
        CHECK(lookups_for("busy") == 1);
        CHECK(lookups_for("busy") == 1);
        resolver.clear();
        CHECK(resolver.stats().entries == 0);
        CHECK(lookups_for("host") == 1);
        // A clock that is far behind takes nothing from the future.
        bf::runtime real{both::small_runtime(1)};
        CHECK(ask(real, on, resolver, "host").join().has_value());
    }
}

TEST_CASE("the_oldest_answers_make_room") {
    const tests::names names;
    for (const char* const host : {"a", "b", "c"}) names.add(host, {"127.0.0.1:80"});
    bf::resolver_options options = names.options();
    options.time_to_live = 1h;
    options.max_entries = 2;
    bf::resolver resolver{std::move(options)};
    for (const char* const host : {"a", "b", "c", "b", "c", "a"})
        CHECK(bf::block_on(resolver.resolve(host, "80")).has_value());
    CHECK(names.asked() == std::vector<std::string>{"a", "b", "c", "a"});
    CHECK(resolver.stats().entries == 2);
    // Another service is another question.
    CHECK(bf::block_on(resolver.resolve("a", "81")).has_value());
    CHECK(names.lookups() == 5);
}

TEST_CASE("clear_parts_with_lookups_under_way") {
    const tests::names names;
    names.add("host", {"127.0.0.1:80"});
    names.hold();
    bf::resolver_options options = names.options();
    options.time_to_live = 1h;
    bf::resolver resolver{std::move(options)};
    bf::runtime rt{both::small_runtime()};
    auto old = ask(rt, bf::backend::stackless, resolver, "host");
    wait_until([&] { return names.lookups() == 1; });
    resolver.clear();
    auto fresh = ask(rt, bf::backend::stackful, resolver, "host");
    wait_until([&] { return names.lookups() == 2; });
    names.let_all_go();
    CHECK(old.join().has_value());
    CHECK(fresh.join().has_value());
    wait_until([&] { return resolver.stats().under_way == 0; });
    CHECK(resolver.stats().entries == 1);
}

TEST_CASE("strange_answers_of_a_lookup_function_are_errors") {
    const tests::names names;
    names.add_answer("empty", std::vector<bf::socket_address>{});
    bf::resolver resolver{names.options()};
    CHECK(bf::block_on(resolver.resolve("empty", "80")).error() == bf::resolve_errc::no_address);
    bf::resolver_options options;
    options.look_up = [](const std::string&, const std::string&) -> answer { throw std::bad_alloc{}; };
    bf::resolver throwing{std::move(options)};
    CHECK(bf::block_on(throwing.resolve("any", "80")).error() == std::errc::not_enough_memory);
}

TEST_CASE("signals_are_not_for_the_threads_of_a_resolver") {
    bf::resolver_options options;
    options.look_up = [](const std::string&, const std::string&) -> answer {
        sigset_t blocked;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        const bool all = ::sigismember(&blocked, SIGINT) == 1 && ::sigismember(&blocked, SIGCHLD) == 1;
        return bf::io_failure(all ? ECANCELED : EINTR);
    };
    bf::resolver resolver{std::move(options)};
    CHECK(bf::block_on(resolver.resolve("any", "80")).error() == std::errc::operation_canceled);
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    CHECK(::sigismember(&blocked, SIGINT) == 0);
}

TEST_CASE("resolve_errors_say_what_they_are") {
    CHECK(bf::resolve_error(EAI_AGAIN, 0) == bf::resolve_errc::try_again);
    CHECK(bf::resolve_error(EAI_AGAIN, 0) == std::errc::resource_unavailable_try_again);
    CHECK(bf::resolve_error(EAI_NONAME, 0) == bf::resolve_errc::no_such_host);
    CHECK(bf::resolve_error(EAI_SYSTEM, EMFILE) == std::errc::too_many_files_open);
    CHECK(make_error_code(bf::resolve_errc::bad_text) == std::errc::invalid_argument);
    CHECK(make_error_code(bf::resolve_errc::forked) == std::errc::operation_not_supported);
    CHECK(std::string{bf::resolve_category().name()} == "bifilar resolve");
    for (const int code : {EAI_NONAME, -5, EAI_AGAIN, EAI_FAIL, EAI_SERVICE, EAI_MEMORY, 1, 2, EAI_FAMILY})
        CHECK_FALSE(bf::resolve_category().message(code).empty());
}

TEST_CASE("resolver_options_that_make_no_sense_throw") {
    bf::resolver_options options;
    options.max_at_once = 0;
    CHECK_THROWS_AS(bf::resolver{options}, std::invalid_argument);
    options.max_at_once = 1;
    options.time_to_live = -1s;
    CHECK_THROWS_AS(bf::resolver{options}, std::invalid_argument);
    options.time_to_live = 0s;
    options.negative_time_to_live = -1s;
    CHECK_THROWS_AS(bf::resolver{options}, std::invalid_argument);
}

TEST_CASE("the_child_of_a_fork_is_told_that_it_cannot_resolve") {
    const tests::names names;
    bf::resolver_options options = names.options();
    options.negative_time_to_live = 1h;
    bf::resolver resolver{std::move(options)};
    (void)bf::block_on(resolver.resolve("parent", "80"));
    const pid_t child = ::fork();
    if (child == 0) {
        const answer refused = bf::block_on(resolver.resolve("child", "80"));
        const answer numeric = bf::block_on(resolver.resolve("::1", "80"));
        ::_exit(refused.error() == bf::resolve_errc::forked && numeric.has_value() ? 0 : 1);
    }
    int status = 1;
    REQUIRE(tests::uninterrupted([&] { return ::waitpid(child, &status, 0); }) == child);
    CHECK(status == 0);
    CHECK(bf::block_on(resolver.resolve("parent", "80")).error() == bf::resolve_errc::no_such_host);
    CHECK(names.lookups() == 1);
}

TEST_CASE("polling_a_resolve_that_was_moved_from_aborts") {
    bf::resolver resolver;
    tests::check_aborts("polled after it was moved from", [&] {
        bf::resolve_future from = resolver.resolve("127.0.0.1", "80");
        const bf::resolve_future to = std::move(from);
        (void)bf::block_on(std::move(from));  // NOLINT(bugprone-use-after-move): that is what is tested.
    });
}
