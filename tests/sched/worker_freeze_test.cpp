// Workers stand wherever they are, and go on as if nothing had been.
#include "catch.hpp"
#include "effort.hpp"
#include "gates.hpp"
#include "signals_come.hpp"
#include <bifilar/sched/detail/worker_freeze.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>
#include <unistd.h>
#include <vector>

// Not under ThreadSanitizer: it does not know what these workers sleep in, and keeps the signals of a sleeping one
// back.
namespace bf = bifilar;
using namespace std::chrono_literals;
using bf::sched::worker_freeze;
using tests::gates;
using tests::start;
using tests::with;

namespace {

// Far more than any machine needs: who is late fails the test.
constexpr std::chrono::nanoseconds patience = 20s;

bf::task<> count_on(std::atomic<std::uint64_t>& count, const std::atomic<bool>& enough) {
    while (!enough.load()) {
        count.fetch_add(1);
        co_await bf::yield_now();
    }
}

// Without a suspension.
bf::task<> compute(std::atomic<std::uint64_t>& count, const std::atomic<bool>& enough) {
    while (!enough.load()) {
        count.fetch_add(1);
        errno = 0;
        if (errno != 0) count.store(0);  // A handler has changed it.
    }
    co_return;
}

// Whether the counts change while one looks.
template <class Counts>
bool stand(const Counts& counts) {
    std::vector<std::uint64_t> before;
    for (const auto& count : counts) before.push_back(count.load());
    std::this_thread::sleep_for(2ms);
    for (std::size_t at = 0; at < before.size(); ++at)
        if (counts[at].load() != before[at]) return false;
    return true;
}

}  // namespace

TEST_CASE("workers_stand_while_they_run_tasks_compute_or_sleep_and_go_on") {
    if (!tests::signals_come_at_once) return;
    gates parts;
    bf::sched::scheduler scheduler{with(4), parts};
    std::vector<std::atomic<std::uint64_t>> counts(3);
    std::atomic<bool> enough = false;
    std::vector<bf::join_handle<void>> handles;
    for (auto& count : counts)
        handles.push_back(&count == &counts[0] ? start(scheduler, compute(count, enough))
                                               : start(scheduler, count_on(count, enough)));
    for (auto& count : counts)
        while (count.load() == 0) std::this_thread::yield();
    for (int round = 0; round < 20; ++round) {
        worker_freeze freeze{scheduler};
        for (int look = 0; look < 3; ++look) {
            REQUIRE(freeze.stop(patience));
            CHECK(stand(counts));
            for (std::uint32_t worker = 0; worker < 4; ++worker) CHECK(freeze.registers(worker) != nullptr);
            freeze.resume();
        }
        std::vector<std::uint64_t> before;
        for (auto& count : counts) before.push_back(count.load());
        for (std::size_t at = 0; at < counts.size(); ++at)
            while (counts[at].load() == before[at]) std::this_thread::yield();
    }
    enough = true;
    for (auto& handle : handles) handle.join();
}

TEST_CASE("freezes_one_after_the_other_from_several_threads_lose_no_task") {
    if (!tests::signals_come_at_once) return;
    gates parts;
    bf::sched::scheduler one{with(2), parts};
    bf::sched::scheduler other{with(2), parts};
    std::atomic<bool> enough = false;
    std::vector<std::thread> threads;
    for (auto* const scheduler : {&one, &other, &one})
        threads.emplace_back([scheduler, &enough] {
            while (!enough.load()) {
                worker_freeze freeze{*scheduler};
                (void)freeze.stop(1ms);
            }
        });
    long sum = 0;
    for (int round = 0; round < tests::rounds_of(3'000); ++round)
        sum += start(one, tests::count_turns(20)).join() + start(other, tests::count_turns(20)).join();
    enough = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(sum == 40L * tests::rounds_of(3'000));
}

TEST_CASE("a_worker_that_freezes_its_own_runtime_goes_on_itself") {
    if (!tests::signals_come_at_once) return;
    gates parts;
    bf::sched::scheduler scheduler{with(2), parts};
    const auto look = [](bf::sched::scheduler& of) -> bf::task<int> {
        worker_freeze freeze{of};
        const bool stopped = freeze.stop(patience);
        int frozen = 0;
        for (std::uint32_t worker = 0; worker < 2; ++worker) frozen += freeze.registers(worker) != nullptr ? 1 : 0;
        co_return stopped ? frozen : -1;
    };
    CHECK(start(scheduler, look(scheduler)).join() == 1);
}

TEST_CASE("a_worker_that_does_not_stop_is_named_and_all_go_on") {
    if (!tests::signals_come_at_once) return;
    gates parts;
    bf::sched::scheduler scheduler{with(2), parts};
    std::atomic<int> blocked = -1;
    std::atomic<bool> enough = false;
    const auto block = [](std::atomic<int>& worker, const std::atomic<bool>& until) -> bf::task<> {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, worker_freeze::signal);
        ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
        worker = static_cast<int>(bf::detail::this_thread().worker->index());
        while (!until.load()) std::this_thread::yield();
        ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        co_return;
    };
    auto handle = start(scheduler, block(blocked, enough));
    while (blocked.load() == -1) std::this_thread::yield();
    {
        worker_freeze freeze{scheduler};
        CHECK_FALSE(freeze.stop(20ms));
        CHECK(static_cast<int>(freeze.late()) == blocked.load());
        // The other one goes on.
        CHECK(start(scheduler, tests::count_turns(3)).join() == 3);
    }
    enough = true;
    handle.join();
    worker_freeze freeze{scheduler};
    CHECK(freeze.stop(patience));
}

TEST_CASE("a_programs_own_handlers_of_the_signal_get_what_is_not_ours_once_each") {
    if (!tests::signals_come_at_once) return;
    static std::atomic<int> got, got_later;
    static struct sigaction ours;
    got = got_later = 0;
    struct sigaction own {};
    own.sa_handler = [](int) { ++got; };
    struct sigaction before {};
    REQUIRE(::sigaction(worker_freeze::signal, &own, &before) == 0);
    gates parts;
    bf::sched::scheduler scheduler{with(1), parts};
    const auto freeze_once = [&scheduler] {
        worker_freeze freeze{scheduler};
        return freeze.stop(patience);
    };
    REQUIRE(freeze_once());
    CHECK(got.load() == 0);
    ::raise(worker_freeze::signal);
    CHECK(got.load() == 1);
    // Put in behind ours, which it calls in its turn, and ours is put in again.
    struct sigaction later {};
    later.sa_flags = SA_SIGINFO;
    later.sa_sigaction = [](int number, siginfo_t* info, void* registers) {
        ++got_later;
        ours.sa_sigaction(number, info, registers);
    };
    REQUIRE(::sigaction(worker_freeze::signal, &later, &ours) == 0);
    REQUIRE(freeze_once());
    CHECK(got_later.load() == 0);
    ::raise(worker_freeze::signal);
    CHECK(got_later.load() == 1);
    CHECK(got.load() == 2);
    REQUIRE(::sigaction(worker_freeze::signal, &before, nullptr) == 0);
}
