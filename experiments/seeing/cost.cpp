// What measuring costs the program: the same works without and with it, in one run, in turns.
#include <bifilar/bifilar.hpp>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/stopwatch.hpp>
#include <harness/workers.hpp>
#include <memory>
#include <string>
#include <utility>

#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::size_t message_bytes = 64;
using message = std::array<std::byte, message_bytes>;

// Children that end at once, each joined before the next.
std::uint64_t spawn_all(backend on, std::uint64_t count) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < count; ++n) sum += await(spawn(on, [] { return std::uint64_t{1}; }));
    return sum;
}

void yield_often(std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) await(yield_now());
}
task<> yield_often_in_coroutine(std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) co_await yield_now();
}

void pass_on(channel<std::uint64_t>& from, channel<std::uint64_t>& to, std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) await(to.send(*await(from.recv()) + 1)).value();
}
task<> pass_on_in_coroutine(channel<std::uint64_t>& from, channel<std::uint64_t>& to, std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) (co_await to.send(*co_await from.recv() + 1)).value();
}

void echo_all(tcp_stream& from) {
    message got{};
    while (await(from.read_exact(got))) await(from.write_all(got)).value();
}
task<> echo_all_in_coroutine(tcp_stream& from) {
    message got{};
    while (co_await from.read_exact(got)) (co_await from.write_all(got)).value();
}
std::uint64_t ask(tcp_stream& to, std::uint64_t count) {
    message sent{};
    for (std::uint64_t n = 0; n < count; ++n) {
        await(to.write_all(sent)).value();
        await(to.read_exact(sent)).value();
    }
    return count;
}

// Two tasks of the model take turns.
std::uint64_t switch_often(backend on, std::uint64_t count) {
    task_scope both;
    for (int n = 0; n < 2; ++n) {
        if (on == backend::stackful)
            (void)both.spawn(on, yield_often, count / 2);
        else
            (void)both.spawn(yield_often_in_coroutine, count / 2);
    }
    await(both.join());
    return count;
}

std::uint64_t converse(backend on, std::uint64_t count) {
    channel<std::uint64_t> there{1};
    channel<std::uint64_t> back{1};
    task_scope both;
    const auto begin = [&](channel<std::uint64_t>& from, channel<std::uint64_t>& to) {
        if (on == backend::stackful)
            (void)both.spawn(on, pass_on, std::ref(from), std::ref(to), count / 2);
        else
            (void)both.spawn(pass_on_in_coroutine, std::ref(from), std::ref(to), count / 2);
    };
    begin(there, back);
    begin(back, there);
    await(there.send(0)).value();
    await(both.join());
    return *await(there.recv());
}

std::uint64_t echo(backend on, std::uint64_t count) {
    tcp_listener at = tcp_listener::bind("127.0.0.1:0").value();
    auto client = std::make_unique<tcp_stream>(await(tcp_stream::connect(at.local_address().value())).value());
    tcp_stream server = await(at.accept()).value();
    task_scope both;
    if (on == backend::stackful)
        (void)both.spawn(on, echo_all, std::ref(server));
    else
        (void)both.spawn(echo_all_in_coroutine, std::ref(server));
    const std::uint64_t answered = ask(*client, count);
    client.reset();  // Its end is the other's.
    await(both.join());
    return answered;
}

struct work {
    const char* id;
    const char* title;
    std::uint64_t operations;
    std::uint64_t (*once)(backend, std::uint64_t);
};

// What is asked for.
struct asked {
    const char* name;
    bool metrics = false;
    bool records = false;
    std::size_t trace_bytes = 0;
};

sample timed(const work& what, backend on, const asked& wanted) {
    const pinned here{1};
    runtime_options how = workers(1);
    how.metrics = wanted.metrics;
    how.task_records = wanted.records;
    how.trace_bytes = wanted.trace_bytes;
    how.stack_bytes = std::size_t{64} << 10;
    runtime made{how};
    return made.run([&] {
        (void)what.once(on, what.operations / 10);
        const stopwatch watch;
        const std::uint64_t answer = what.once(on, what.operations);
        return sample{watch.per_operation(static_cast<double>(what.operations)), answer, {}};
    });
}

}  // namespace

void add_costs(experiment& all) {
    static constexpr std::array works{
        work{"spawn", "spawn a task and join it", 1'000'000, spawn_all},
        work{"switch", "a switch between two tasks that yield", 10'000'000, switch_often},
        work{"channel", "a message between two tasks", 4'000'000, converse},
        work{"echo", "a round trip of 64 bytes over a TCP connection in one runtime", 100'000, echo},
    };
    static constexpr std::array ways{asked{"nothing asked"}, asked{"the same again"}, asked{"metrics", true},
                                     asked{"task records", false, true},
                                     asked{"trace", false, false, std::size_t{1} << 20}};
    for (const backend on : {backend::stackless, backend::stackful})
        for (const work& what : works) {
            const bool fibers = on == backend::stackful;
            workload row{std::string{what.id} + (fibers ? "_fiber" : "_coroutine"),
                         std::string{what.title} + (fibers ? ", fibers" : ", coroutines"),
                         "ns",
                         static_cast<double>(what.operations),
                         what.operations,
                         {}};
            row.in_turns = row.id;
            row.repetitions = 21;
            for (const asked& one : ways) row.contenders.push_back({one.name, [=] { return timed(what, on, one); }});
            all.add(std::move(row));
        }
}

}  // namespace bifilar::experiments
