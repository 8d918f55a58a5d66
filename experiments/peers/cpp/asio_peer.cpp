// The same workloads with Boost.Asio's awaitable coroutines on one thread. One run, one sample.
// Usage: asio_peer waiting N | yield TASKS ROUNDS | sequential N | concurrent N | call COUNT AT_ONCE.
// The event that tasks wait for is a timer that never ends and is cancelled: Asio has nothing nearer to one.
#include <boost/asio.hpp>

#include <exception>
#include <string>

#include "sample.hpp"

namespace {

namespace asio = boost::asio;
using peer::refused;
using peer::report;

template <class T = void>
using task = asio::awaitable<T>;

// Ends the wait of whoever waits for it, when so many have come.
class count_down {
public:
    count_down(asio::io_context& on, std::uint64_t from)
        : left_{from}, gate_{on, asio::steady_timer::time_point::max()} {}

    void come() {
        if (--left_ == 0) gate_.cancel();
    }
    task<> wait() {
        if (left_ != 0) co_await gate_.async_wait(asio::as_tuple(asio::use_awaitable));
    }

private:
    std::uint64_t left_;
    asio::steady_timer gate_;
};

void rethrow(std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
}

// Runs `work` to its end.
void run_to_end(asio::io_context& on, task<> work) {
    asio::co_spawn(on, std::move(work), rethrow);
    on.run();
}

struct meeting {
    explicit meeting(asio::io_context& on) : gate{on, asio::steady_timer::time_point::max()} {}

    asio::steady_timer gate;
    std::uint64_t arrived = 0;
    std::uint64_t left = 0;
};

task<> visit(meeting& at) {
    ++at.arrived;
    co_await at.gate.async_wait(asio::as_tuple(asio::use_awaitable));
    ++at.left;
}

// Returns once all wait.
task<> gather(asio::io_context& on, meeting& at, count_down& ended, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
        asio::co_spawn(on, visit(at), [&ended](std::exception_ptr error) {
            rethrow(error);
            ended.come();
        });
    while (at.arrived != count) co_await asio::post(asio::use_awaitable);
}

task<> warm_up(asio::io_context& on) {
    meeting small{on};
    count_down ended{on, 64};
    co_await gather(on, small, ended, 64);
    small.gate.cancel();
    co_await ended.wait();
}

task<> waiting(asio::io_context& on, std::uint64_t count) {
    co_await warm_up(on);
    meeting at{on};
    count_down ended{on, count};
    const peer::memory before;
    co_await gather(on, at, ended, count);
    const peer::memory after;
    at.gate.cancel();
    co_await ended.wait();
    peer::report_waiting(before, after, count, at.left);
}

task<> take_turns(peer::ring& ring, bool first) {
    for (std::uint64_t round = 0; round <= ring.last(); ++round) {
        ring.turn(first, round);
        co_await asio::post(asio::use_awaitable);
    }
}

void yields(asio::io_context& on, std::uint64_t tasks, std::uint64_t rounds) {
    peer::ring ring{rounds};
    for (std::uint64_t i = 0; i < tasks; ++i) asio::co_spawn(on, take_turns(ring, i == 0), rethrow);
    on.run();
    report(peer::nanoseconds(ring.start, ring.end) / static_cast<double>(tasks * rounds), ring.turns);
}

task<std::uint64_t> one() { co_return 1; }

task<> sequential(asio::io_context& on, std::uint64_t count, std::uint64_t& sum) {
    for (std::uint64_t i = 0; i < count; ++i) sum += co_await asio::co_spawn(on, one(), asio::use_awaitable);
}

task<> add_one(std::uint64_t& sum) {
    ++sum;
    co_return;
}

task<> concurrent(asio::io_context& on, std::uint64_t count, std::uint64_t& sum) {
    count_down ended{on, count};
    for (std::uint64_t i = 0; i < count; ++i)
        asio::co_spawn(on, add_one(sum), [&ended](std::exception_ptr error) {
            rethrow(error);
            ended.come();
        });
    co_await ended.wait();
}

// Calls in a pool of threads, as many as libuv has, so many at a time; each ends in the coroutine's thread.
task<> call(asio::io_context& on, asio::thread_pool& pool, std::uint64_t at_once, std::uint64_t count,
            std::uint64_t& sum) {
    for (std::uint64_t done = 0; done < count; done += at_once) {
        if (at_once == 1) {
            sum += co_await asio::co_spawn(pool, one(), asio::use_awaitable);
            continue;
        }
        count_down ended{on, at_once};
        for (std::uint64_t i = 0; i < at_once; ++i)
            asio::post(pool, [&] {
                asio::post(on, [&] {
                    ++sum;
                    ended.come();
                });
            });
        co_await ended.wait();
    }
}

template <class Work>
void warmed(asio::io_context& on, std::uint64_t count, Work work) {
    peer::report_warmed(count, [&](std::uint64_t times) {
        std::uint64_t sum = 0;
        on.restart();
        run_to_end(on, work(on, times, sum));
        return sum;
    });
}

void run(int count, char** words) {
    asio::io_context on{1};
    const std::string name = words[0];
    if (count == 2 && name == "waiting") return run_to_end(on, waiting(on, peer::number(words[1])));
    if (count == 3 && name == "yield") return yields(on, peer::number(words[1]), peer::number(words[2]));
    if (count == 2 && name == "sequential") return warmed(on, peer::number(words[1]), sequential);
    if (count == 2 && name == "concurrent") return warmed(on, peer::number(words[1]), concurrent);
    if (count == 3 && name == "call") {
        asio::thread_pool pool{4};
        const std::uint64_t at_once = peer::number(words[2]);
        return warmed(on, peer::number(words[1]), [&](asio::io_context& here, std::uint64_t times, std::uint64_t& sum) {
            return call(here, pool, at_once, times, sum);
        });
    }
    throw refused{"no workload " + name + " with so many numbers"};
}

}  // namespace

int main(int argc, char** argv) { return peer::guarded("asio_peer", argc, argv, run); }
