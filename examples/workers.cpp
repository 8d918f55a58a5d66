// A pool of workers that share jobs through a channel: a scope that ends them all, a semaphore that bounds what runs at
// once, a deadline for each job, and a clean end on ctrl-C. Jobs are numbers; the work is to sleep for that long.
#include <bifilar/bifilar.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

struct shop {
    bf::channel<int> jobs{16};
    bf::semaphore desks{3};  // As many jobs at once.
    bf::mutex ledger;
    int done = 0;  // Both under the ledger's lock.
    int late = 0;
};

bf::task<> work(shop& s) {
    while (const auto job = co_await s.jobs.recv()) {
        const auto desk = co_await s.desks.acquire();
        const auto outcome = co_await bf::timeout(bf::sleep_for(std::chrono::milliseconds{*job}), 8ms);
        const auto held = co_await s.ledger.lock();
        ++(outcome ? s.done : s.late);
    }
}

// The same for a fiber.
void work_on_a_fiber(shop& s) { bf::await(work(s)); }

bf::task<> run_shop(bf::backend on, int jobs) {
    shop s;
    const auto open = [&s, on, jobs](bf::task_scope& scope) -> bf::task<> {
        for (int n = 0; n < 6; ++n) {
            if (on == bf::backend::stackful)
                scope.spawn(on, work_on_a_fiber, std::ref(s));
            else
                scope.spawn(on, work, std::ref(s));
        }
        // The first that is ready: room for the next job, or ctrl-C.
        auto interrupted = bf::ctrl_c();
        for (int n = 1; n <= jobs; ++n) {
            auto sent = s.jobs.send(n % 12);
            auto first = co_await bf::select(sent, interrupted);
            if (first.index() == 0) continue;
            const auto& stopped = std::get<1>(first.value());
            if (!stopped) throw std::system_error{stopped.error(), "cannot wait for ctrl-C"};
            break;
        }
        s.jobs.close();  // The workers finish what is there; the scope waits for them.
    };
    co_await bf::with_scope(open);
    std::printf("%d done, %d late\n", s.done, s.late);
}

}  // namespace

int main(int argc, char** argv) {
    bf::backend on = bf::backend::stackless;
    int jobs = 100;
    for (int at = 1; at < argc; ++at) {
        const std::string_view word = argv[at];
        const auto backend = bf::parse_backend(word);
        if (backend)
            on = *backend;
        else if (const int count = std::atoi(argv[at]); count > 0)
            jobs = count;
        else {
            std::fprintf(stderr, "workers: '%s' is none of: stackless, stackful, a number of jobs\n", argv[at]);
            return 2;
        }
    }
    bf::run(run_shop, on, jobs);
}
