// Ten thousand coroutines over one channel, one lock and many timers, on the one thread that WebAssembly has.
// There is no scheduler: block_on drives them all as members of a join_all. Ends with 0 when every sum is right.
// With the argument "waiting" or "throwing" it ends as the library ends what cannot go on there.
#include <bifilar/channel/channel.hpp>
#include <bifilar/combine/join_all.hpp>
#include <bifilar/combine/join_range.hpp>
#include <bifilar/combine/race.hpp>
#include <bifilar/future/block_on.hpp>
#include <bifilar/future/yield.hpp>
#include <bifilar/stackless/task.hpp>
#include <bifilar/sync/event.hpp>
#include <bifilar/sync/mutex.hpp>
#include <bifilar/sync/wait_group.hpp>
#include <bifilar/time/sleep.hpp>
#include <bifilar/time/timeout.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

using namespace bifilar;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::uint64_t senders = 6000;
constexpr std::uint64_t receivers = 10;
constexpr std::uint64_t sleepers = 3990;
static_assert(senders + receivers + sleepers == 10'000);

struct scene {
    channel<std::uint64_t> values{16};
    mutex lock;
    std::uint64_t naps = 0;  // Guarded by lock, across suspensions.
    wait_group sending;
    std::uint64_t unwound = 0;
};

task<std::uint64_t> send_one(scene& in, std::uint64_t value, wait_group::token) {
    (void)co_await in.values.send(value);
    co_return 0;
}

task<std::uint64_t> receive_all(scene& in) {
    std::uint64_t sum = 0;
    while (const auto value = co_await in.values.recv()) sum += *value;
    co_return sum;
}

task<std::uint64_t> nap(scene& in, std::uint64_t number) {
    co_await sleep_for(milliseconds{1 + number % 7});
    const auto held = co_await in.lock.lock();
    const std::uint64_t before = in.naps;
    co_await yield_now();
    in.naps = before + 1;
    co_return 0;
}

task<std::uint64_t> close_behind(scene& in) {
    co_await in.sending.wait();
    in.values.close();
    co_return 0;
}

task<std::uint64_t> meet(scene& in) {
    std::vector<task<std::uint64_t>> all;
    for (std::uint64_t n = 0; n < receivers; ++n) all.push_back(receive_all(in));
    for (std::uint64_t n = 0; n < senders; ++n) all.push_back(send_one(in, n, in.sending.enter()));
    for (std::uint64_t n = 0; n < sleepers; ++n) all.push_back(nap(in, n));
    all.push_back(close_behind(in));
    std::uint64_t sum = 0;
    for (const std::uint64_t part : co_await join_all(std::move(all))) sum += part;
    co_return sum;
}

struct counted {
    explicit counted(std::uint64_t& at) noexcept : at_{&at} {}
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { ++*at_; }
    std::uint64_t* at_;
};

task<void> inner(scene& in) {
    const counted one{in.unwound};
    co_await sleep_for(hours{1});
}
task<void> outer(scene& in) {
    const counted one{in.unwound};
    co_await inner(in);
}

// A chain of two that is cancelled while it waits, once by a race that it loses and once by a timeout.
task<bool> give_up(scene& in) {
    auto first = co_await race(sleep_for(milliseconds{2}), outer(in));
    auto second = co_await timeout(outer(in), milliseconds{2});
    co_return first.index() == 0 && !second.has_value();
}

task<std::uint64_t> depth(std::uint64_t left) {
    if (left == 0) co_return 0;
    co_return co_await depth(left - 1) + 1;
}

// What ends the program: a wait that nothing can end, and an exception.
void end_by(std::string_view how) {
    event never;
    if (how == "waiting") block_on(never.wait());
    if (how == "throwing") throw std::runtime_error{"nobody catches this"};
}

bool check(const char* what, std::uint64_t is, std::uint64_t should_be) {
    std::printf("%s: %" PRIu64 "\n", what, is);
    if (is == should_be) return true;
    std::printf("%s: should be %" PRIu64 "\n", what, should_be);
    return false;
}

}  // namespace

int main(int count, char** words) {
    if (count > 1) end_by(words[1]);
    scene in;
    bool right = check("sum received", block_on(meet(in)), senders * (senders - 1) / 2);
    right &= check("naps under the lock", in.naps, sleepers);
    right &= check("given up", block_on(give_up(in)) ? 1 : 0, 1);
    right &= check("frames unwound", in.unwound, 4);
    right &= check("coroutines deep", block_on(depth(10'000)), 10'000);
    return right ? 0 : 1;
}
