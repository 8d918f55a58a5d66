// Question: what does serving a request cost, beside a bare epoll loop in C that does the same?
// Unit: the server's CPU time per request. Threats: the load shares the machine; the kernel is most of the figure.
#include "echo_rounds.hpp"
#include "rows.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <harness/descriptor_limit.hpp>
#include <harness/echo_servers.hpp>
#include <harness/process.hpp>
#include <harness/run.hpp>
#include <memory>

namespace bifilar::experiments {

namespace {

struct how_often {
    int repetitions = 0;  // 0: the experiment's.
    int quick_repetitions = 0;
};

// Ten, for the sake of narrow intervals. Each round warms its servers up by itself.
constexpr how_often side_by_side{10, 3};

constexpr int max_threads = 1'000;  // Of a server with one for each connection.

workload echoes(const std::string& id, const std::string& title, double size, bool full_only, how_often often) {
    workload work{id, title, "ns of the server's CPU per request", size, 1, {}};
    work.full_only = full_only;
    work.repetitions = often.repetitions;
    work.quick_repetitions = often.quick_repetitions;
    work.warm_up = 0;
    return work;
}

void add_echo(experiment& all, const std::string& id, const std::string& title, double size, const load_shape& shape,
              bool full_only, how_often often = side_by_side) {
    workload work = echoes(id, title, size, full_only, often);
    const auto rounds = std::make_shared<echo_rounds>(shape);
    const std::size_t epoll = rounds->add({BARE_EPOLL, "0"});
    const std::size_t uring = rounds->add({BARE_URING, "0"});
    const std::size_t multishot = rounds->add({BARE_URING, "0", "multishot"});
    const auto contend = [&](const std::string& column, std::size_t number, bool other = false) {
        work.contenders.push_back({column,
                                   [=] {
                                       sample got = rounds->part_of(number);
                                       if (const auto bare = rounds->best_of({epoll, uring, multishot}))
                                           got.also["of_the_bare_loop"] = got.value / *bare;
                                       return got;
                                   },
                                   false, other});
    };
    contend("bare epoll loop in C", epoll);
    contend("bare io_uring loop in C", uring);
    contend("bare io_uring loop in C, multishot", multishot);
    if (shape.connections <= max_threads) contend(bare_threads, rounds->add({BARE_THREADS, "0"}));
    for (const echo_server& one : own_echo_servers(ECHO_PROGRAM)) contend(one.column, rounds->add(one.command));
    const echo_server with_worker = own_echo_server(ECHO_PROGRAM, "stackless", "epoll", "1");
    contend(with_worker.column + ", own thread", rounds->add(with_worker.command));
    for (const echo_server& one : peers_echo_servers(all.options().peers))
        contend(one.column, rounds->add(one.command), true);
    all.add(std::move(work));
}

// Ten servers side by side would need 200,000 sockets, more than many systems let a user open: one after the other.
// Then what is measured is a few answers of each connection, and to open them takes about as long.
void add_many(experiment& all, const std::string& id, const std::string& title, int bytes, double seconds) {
    add_echo(all, id, title, 10'000, {10'000, 1, bytes, 2 * seconds}, true, {});
}

void add_small(experiment& all, double seconds) {
    const std::string title = "64-byte messages, echoed";
    add_echo(all, "echo", title, 1, {1, 1, 64, seconds, 0.02}, true);
    add_echo(all, "echo", title, 64, {64, 1, 64, seconds, 0.02}, false);
    add_echo(all, "echo", title, 1'000, {1'000, 1, 64, seconds, 0.05}, true);
    add_many(all, "echo", title, 64, seconds);
}

// With 10,000 connections the load and the kernel hold about a GiB of messages under way: only where that can be had.
void add_large(experiment& all, double seconds) {
    constexpr int bytes = 16 * 1024;
    constexpr std::int64_t needed = std::int64_t{4} << 30;
    const bool room = bytes_after("/proc/meminfo", "MemAvailable:") >= needed;
    const std::string title = "messages of 16 KiB, echoed";
    add_echo(all, "large", title, 1, {1, 1, bytes, seconds, 0.02}, true);
    add_echo(all, "large", title, 64, {64, 1, bytes, seconds, 0.02}, true);
    add_echo(all, "large", title, 1'000, {1'000, 1, bytes, seconds, 0.1}, true);
    if (room) add_many(all, "large", title, bytes, seconds);
}

// What the ring's special ways are worth, without a runtime around them.
void add_ring_ways(experiment& all, double bytes, const load_shape& shape) {
    workload work = echoes("ring_ways", "ways to use a ring, in bare loops", bytes, true, side_by_side);
    const auto rounds = std::make_shared<echo_rounds>(shape);
    const std::string buffer = std::to_string(std::max(shape.bytes, 16 * 1024));
    for (const std::string way : {"plain", "registered", "multishot", "zerocopy"})
        work.contenders.push_back(
            {way, [rounds, number = rounds->add({BARE_URING, "0", way, buffer})] { return rounds->part_of(number); }});
    all.add(std::move(work));
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    if (argc == 5 && std::strcmp(argv[1], "--reads") == 0)
        return read_for_a_tool(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
    experiment all{"io", 6, 3};  // The fewest whose least and most hold the median with 95 %.
    all.parse(argc, argv);
    raise_descriptor_limit();  // For the servers and the load, which inherit it.
    constexpr double seconds = 0.3;
    add_small(all, seconds);
    add_large(all, seconds);
    add_echo(all, "pipelined", "64-byte messages, 16 in flight a connection", 64, {64, 16, 64, seconds, 0.02}, false);
    for (const int bytes : {64, 4'096, 16'384, 65'536}) add_ring_ways(all, bytes, {64, 1, bytes, seconds, 0.1});
    for (const int bytes : {262'144, 983'040}) add_ring_ways(all, bytes, {8, 1, bytes, seconds, 0.1});
    add_batches(all);
    add_rings(all);
    add_wakes(all);
    return all.run();
}
