// A runtime where memory for rings is short: it starts all the same, unless io_uring was demanded.
#include "both/in_each_model.hpp"
#include "environment.hpp"
#include "last_words.hpp"

#include <cstdio>
#include <exception>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>

namespace bf = bifilar;
using Catch::Matchers::Contains;

namespace {

// Only some may raise their own limit.
bool may_lock(rlim_t bytes) {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    if (bytes <= limit.rlim_max) return true;
    WARN("skipped from here: the limit is " << limit.rlim_max << " bytes that may be locked (ulimit -l)");
    return false;
}

// What a process says whose rings may lock `bytes` together.
tests::last_words start_with(rlim_t bytes, bf::driver_kind driver) {
    return tests::dies([bytes, driver] {
        const rlimit limit{bytes, bytes};
        if (::setrlimit(RLIMIT_MEMLOCK, &limit) != 0) std::abort();
        // Root is exempt. An account that nobody else uses, because what it has locked is counted together.
        if (::geteuid() == 0 && ::setresuid(static_cast<uid_t>(-1), 300'000, static_cast<uid_t>(-1)) != 0) std::abort();
        bf::runtime_options options = both::small_runtime(4);
        options.driver = driver;
        try {
            bf::runtime rt{options};
            const int answer = rt.run([] { return bf::await(bf::spawn(bf::backend::stackless, [] { return 7; })); });
            std::fprintf(stderr, "answer %d\n", answer);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "refused: %s\n", error.what());
        }
        bf::await(bf::yield_now());
    });
}

}  // namespace

TEST_CASE("a_runtime_starts_however_little_memory_its_rings_may_lock") {
    if (!tests::children_have_threads) return;
    const tests::environment_variable unset{"BIFILAR_DRIVER", std::nullopt};
    for (const rlim_t kib : {0, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 8192}) {
        INFO("KiB: " << kib);
        if (!may_lock(kib * 1024)) return;
        const tests::last_words best = start_with(kib * 1024, bf::driver_kind::best);
        CHECK(best.signal == 0);
        CHECK_THAT(best.text, Contains("answer 7"));
        const tests::last_words demanded = start_with(kib * 1024, bf::driver_kind::uring);
        CHECK(demanded.signal == 0);
        CHECK_THAT(demanded.text, Contains("answer 7") || Contains("refused: io_uring"));
    }
}
