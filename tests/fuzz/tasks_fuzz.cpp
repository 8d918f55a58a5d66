// Programs of a few tasks of both models on a worker that is the calling thread: what they send each other by channels,
// guard by locks and give up by cancellation comes out even, and no task is left behind.
#include "input.hpp"

#include <bifilar/bifilar.hpp>

#include <array>
#include <deque>
#include <memory>
#include <vector>

namespace {

using namespace fuzz;
namespace bf = bifilar;

// What the tasks of one program share. One thread runs them, so plain numbers do.
struct world {
    world(std::uint32_t room, std::uint32_t permits) : line{room}, many{permits} {}

    bf::channel<std::uint32_t> line;
    bf::unbounded_channel<std::uint32_t> back;
    bf::mutex lock;
    bf::semaphore many;
    std::uint32_t inside = 0;  // Tasks that hold the lock.
    std::uint32_t held = 0;    // Permits that are out.
    std::uint64_t sent = 0;    // Sums of what went in and came out.
    std::uint64_t received = 0;
    std::uint32_t next = 1;
};

bf::task<> hold_lock(world& in, std::size_t pauses) {
    auto guard = co_await in.lock.lock();
    require(++in.inside == 1, "two tasks hold one lock");
    for (; pauses != 0; --pauses) co_await bf::yield_now();
    --in.inside;
}

bf::task<> hold_permits(world& in, std::uint32_t count, std::size_t pauses) {
    auto permit = co_await in.many.acquire(count);
    in.held += count;
    require(in.held <= 3, "more permits are out than there are");
    for (; pauses != 0; --pauses) co_await bf::yield_now();
    in.held -= count;
}

bf::task<> send(world& in) {
    const std::uint32_t value = in.next++;
    const auto sent = co_await in.line.send(value);
    if (sent) in.sent += value;
}
bf::task<> receive(world& in) {
    const auto got = co_await in.line.recv();
    if (got) in.received += *got;
}
bf::task<> choose(world& in) {
    const std::uint32_t value = in.next++;
    auto first = co_await bf::race(in.line.recv(), in.line.send(value), in.back.recv());
    if (first.index() == 0) {
        if (const auto& got = std::get<0>(first.value())) in.received += *got;
    } else if (first.index() == 1) {
        if (std::get<1>(first.value())) in.sent += value;
    } else if (const auto& got = std::get<2>(first.value())) {
        in.received += *got;
    }
}
void send_back(world& in) {
    const std::uint32_t value = in.next++;
    if (in.back.send(value)) in.sent += value;
}

bf::task<> act(world& in, std::uint8_t what) {
    const std::size_t pauses = what / 64U;
    switch (what % 10) {
        case 0:
        case 1:
            return send(in);
        case 2:
        case 3:
            return receive(in);
        case 4:
            return choose(in);
        case 5:
            return hold_lock(in, pauses);
        case 6:
            return hold_permits(in, 1 + what % 3U, pauses);
        default:
            return [](world& of, std::uint8_t drawn) -> bf::task<> {
                if (drawn % 10 == 7) send_back(of);
                co_await bf::yield_now();
            }(in, what);
    }
}

bf::task<> perform(world& in, std::string_view script) {
    for (const char what : script) co_await act(in, static_cast<std::uint8_t>(what));
}
void perform_in_fiber(world& in, std::string_view script) {
    for (const char what : script) bf::await(act(in, static_cast<std::uint8_t>(what)));
}

void program(bf::runtime& rt, input& in) {
    auto shared = std::make_unique<world>(static_cast<std::uint32_t>(in.below(3)), 3U);
    std::vector<bf::join_handle<void>> tasks;
    std::vector<std::string> scripts;
    while (!in.empty() && scripts.size() < 6) scripts.emplace_back(in.text(20));
    const bool as_fibers = in.flag();
    rt.run([&] {
        for (std::size_t at = 0; at < scripts.size(); ++at) {
            if (as_fibers == (at % 2 == 0))
                tasks.push_back(bf::spawn(bf::backend::stackful, perform_in_fiber, std::ref(*shared),
                                          std::string_view{scripts[at]}));
            else
                tasks.push_back(bf::spawn(perform, std::ref(*shared), std::string_view{scripts[at]}));
        }
        // Whoever waits for another that never comes goes on when everything is closed.
        for (int turns = 0; turns < 500; ++turns) bf::this_fiber::yield();
        shared->line.close();
        shared->back.close();
        for (auto& one : tasks) bf::await(std::move(one));
    });
    world& of = *shared;
    while (const auto left = of.line.try_recv()) of.received += *left;
    while (const auto left = of.back.try_recv()) of.received += *left;
    require(of.sent == of.received, "what was sent is not what came out");
    require(of.inside == 0 && of.held == 0 && !of.lock.is_locked() && of.many.available() == 3,
            "a lock was not given back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    // One for all runs: to make a runtime takes longer than a program.
    static bf::runtime rt{[] {
        bf::runtime_options how;
        how.on_calling_thread = true;
        how.driver = bf::driver_kind::epoll;
        how.stack_bytes = std::size_t{64} << 10;
        return how;
    }()};
    program(rt, in);
    return 0;
}
