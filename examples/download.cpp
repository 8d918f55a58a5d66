// A parallel downloader: one file from several mirrors at once, each part with its retries, all of it or nothing.
//   download URL... --to FILE [--parts N] [--timeout MS] [--backend stackless|stackful] [--driver best|uring|epoll]
//            [--workers N]
// A race for the first good answer, a scope for the parts, a limit of time for each wait: --timeout is how long a
// mirror may be silent. Exit code 1, without FILE, when it cannot be had, and 130 after ctrl-C.
#include "download/partial_file.hpp"
#include "download/parts.hpp"
#include "server.hpp"

#include <system_error>

namespace bf = bifilar;
using download::job;
using download::part;

namespace {

struct order {
    download::mirrors from;
    std::string to;
    http::patience how;
    std::size_t parts = 4;
};

class summary {
public:
    void count(std::uint64_t part_bytes) { bytes_.fetch_add(part_bytes, std::memory_order_relaxed); }
    void print(std::size_t parts, const job& of) const {
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began_;
        std::printf("%llu bytes in %.3f s, %zu parts, %llu retries\n", static_cast<unsigned long long>(bytes_.load()),
                    taken.count(), parts, static_cast<unsigned long long>(of.retries.load()));
    }

private:
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    // Added to by the parts, on several workers; read when they have ended.
    std::atomic<std::uint64_t> bytes_{0};
};

bf::task<> fetch_part(job& of, part wanted, summary& sum) {
    const std::uint64_t bytes = co_await download::fetch(of, wanted);
    sum.count(bytes);
}

/// The parts, as coroutines: a scope ends when all of them have, and ends the others when one throws.
bf::task<> fetch_parts(job& of, const std::vector<part>& parts, summary& sum) {
    const auto start = [&](bf::task_scope& scope) -> bf::task<> {
        for (const part& one : parts) scope.spawn(fetch_part, std::ref(of), one, std::ref(sum));
        co_return;
    };
    co_await bf::with_scope(start);
}

/// The same, as fibers.
void fetch_parts_in_fibers(job& of, const std::vector<part>& parts, summary& sum) {
    bf::task_scope scope;
    for (const part& one : parts)
        scope.spawn(bf::backend::stackful, [&of, &sum, one] { sum.count(bf::await(download::fetch(of, one))); });
    bf::await(scope.join());
}

bf::task<> fetch_file(order& given) {
    summary sum;
    const auto found = co_await download::ask_all(given.from, given.how);
    if (!found) throw http::failure{"no mirror has the file"};
    download::partial_file file{given.to};
    co_await file.create();
    job all{given.from, file.file(), given.how, found->bytes, found->takes_ranges, found->modified};
    const std::vector<part> parts = download::split(all, given.parts, found->mirror);
    co_await fetch_parts(all, parts, sum);
    co_await file.keep();
    sum.print(parts.size(), all);
}

void fetch_file_in_fiber(order& given) {
    summary sum;
    const auto found = bf::await(download::ask_all(given.from, given.how));
    if (!found) throw http::failure{"no mirror has the file"};
    download::partial_file file{given.to};
    bf::await(file.create());
    job all{given.from, file.file(), given.how, found->bytes, found->takes_ranges, found->modified};
    const std::vector<part> parts = download::split(all, given.parts, found->mirror);
    fetch_parts_in_fibers(all, parts, sum);
    bf::await(file.keep());
    sum.print(parts.size(), all);
}

/// The exit code. What a download that is interrupted has begun is gone when it has ended.
bf::task<int> run_until_ctrl_c(order& given, bf::backend on) {
    auto stop = bf::ctrl_c();
    auto fetching = on == bf::backend::stackful ? bf::spawn(on, fetch_file_in_fiber, std::ref(given))
                                                : bf::spawn(on, fetch_file, std::ref(given));
    auto first = co_await bf::select(fetching, stop);
    if (first.index() == 0) co_return 0;
    fetching.cancel();
    (void)co_await fetching.outcome();
    const auto& stopped = std::get<1>(first.value());
    if (!stopped) throw std::system_error{stopped.error(), "cannot wait for ctrl-C"};
    co_return 130;
}

}  // namespace

int main(int count, char** arguments) {
    return run_example("download", [&] {
        const options given{count,
                            arguments,
                            "download",
                            {"--to", "--parts", "--timeout", "--backend", "--driver", "--workers"},
                            "URL..."};
        if (given.words().empty()) throw std::invalid_argument{"give a URL, such as http://127.0.0.1:8080/file"};
        if (!given.has("--to")) throw std::invalid_argument{"--to is missing; give the file to be written"};
        order made;
        for (const std::string& url : given.words()) made.from.emplace_back(url);
        made.to = given.text("--to", "");
        made.parts = given.number("--parts", 4, 1, 1000);
        made.how.connect = made.how.silence =
            std::chrono::milliseconds{given.number("--timeout", 10'000, 1, 3'600'000)};
        const bf::backend on = given.backend();
        bf::runtime_options machine;
        machine.driver = given.driver();
        if (given.has("--workers")) machine.workers = given.number("--workers", 1, 1, 4096);
        bf::runtime runtime{machine};
        try {
            return runtime.run(run_until_ctrl_c, std::ref(made), on);
        } catch (const std::runtime_error& error) {  // The others are wrong use: 2.
            std::fprintf(stderr, "download: %s\n", error.what());
            return 1;
        }
    });
}
