// Question: what does serving a request cost, beside a bare epoll loop in C that does the same?
// Unit: the server's CPU time per request. Threats: the load shares the machine; the kernel is most of the figure.
#include "rows.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <harness/descriptor_limit.hpp>
#include <harness/echo_servers.hpp>
#include <harness/pin.hpp>
#include <harness/process.hpp>
#include <harness/run.hpp>
#include <harness/server_process.hpp>
#include <memory>

namespace bifilar::experiments {

namespace {

using arguments = std::vector<std::string>;

struct load_shape {
    int connections;
    int in_flight;
    int bytes;
    double seconds;
};

sample measure(const arguments& command, const load_shape& shape) {
    const server_process echo{command};
    const pinned beside_the_server{1};
    return run_peer(LOAD_PROGRAM,
                    {"--connect", echo.address(), "--connections", std::to_string(shape.connections), "--in-flight",
                     std::to_string(shape.in_flight), "--bytes", std::to_string(shape.bytes), "--seconds",
                     std::to_string(shape.seconds), "--server-pid", std::to_string(echo.process())});
}

struct how_often {
    int repetitions = 0;  // 0: the experiment's.
    int warm_up = 1;
};

// The bare loops take their turns first: the ratio is that to the better one of the same round.
class bare_loops {
public:
    void begin_round(double epoll) noexcept { better_ = epoll; }
    void add(double uring) noexcept { better_ = std::min(better_, uring); }
    [[nodiscard]] double better() const noexcept { return better_; }

private:
    double better_ = 0;
};

void add_echo(experiment& all, const std::string& id, const std::string& title, double size, const load_shape& shape,
              bool full_only, how_often often = {}) {
    workload work{id, title, "ns of the server's CPU per request", size, 1, {}};
    work.full_only = full_only;
    work.repetitions = often.repetitions;
    work.warm_up = often.warm_up;
    const auto bare = std::make_shared<bare_loops>();
    const auto ratio = [bare](sample got) {
        got.also["of_the_bare_loop"] = got.value / bare->better();
        return got;
    };
    work.contenders.push_back({"bare epoll loop in C", [=] {
                                   const sample got = measure({BARE_EPOLL, "0"}, shape);
                                   bare->begin_round(got.value);
                                   return got;
                               }});
    work.contenders.push_back({"bare io_uring loop in C", [=] {
                                   const sample got = measure({BARE_URING, "0"}, shape);
                                   bare->add(got.value);
                                   return ratio(got);
                               }});
    for (const echo_server& one : own_echo_servers(ECHO_PROGRAM))
        work.contenders.push_back({one.column, [=] { return ratio(measure(one.command, shape)); }});
    for (const echo_server& one : peers_echo_servers(all.options().peers))
        work.contenders.push_back({one.column, [=] { return ratio(measure(one.command, shape)); }});
    all.add(std::move(work));
}

// With 10,000 connections the load and the kernel hold about a GiB of messages under way: only where that can be had.
void add_large(experiment& all, double seconds) {
    constexpr int bytes = 16 * 1024;
    constexpr std::int64_t needed = std::int64_t{4} << 30;
    const bool room = bytes_after("/proc/meminfo", "MemAvailable:") >= needed;
    const auto add = [&](int connections, double length, how_often often) {
        add_echo(all, "large", "messages of 16 KiB, echoed", connections, {connections, 1, bytes, length}, true, often);
    };
    add(1, seconds, {3, 1});
    add(64, seconds, {});
    add(1'000, seconds, {});
    if (room) add(10'000, 2 * seconds, {3, 0});  // To open them all takes longer than to measure them.
}

// What the ring's special ways are worth, without a runtime around them.
void add_ring_ways(experiment& all, double bytes, const load_shape& shape) {
    workload work{"ring_ways", "ways to use a ring, in bare loops", "ns of the server's CPU per request", bytes, 1, {}};
    work.full_only = true;
    for (const std::string way : {"plain", "registered", "multishot", "zerocopy"})
        work.contenders.push_back({way, [=] {
                                       const int buffer = std::max(shape.bytes, 16 * 1024);
                                       return measure({BARE_URING, "0", way, std::to_string(buffer)}, shape);
                                   }});
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
    const double seconds = all.options().quick ? 0.7 : 1.0;
    add_echo(all, "echo", "64-byte messages, echoed", 1, {1, 1, 64, seconds}, true);
    add_echo(all, "echo", "64-byte messages, echoed", 64, {64, 1, 64, seconds}, false);
    add_echo(all, "echo", "64-byte messages, echoed", 1'000, {1'000, 1, 64, seconds}, true);
    add_echo(all, "echo", "64-byte messages, echoed", 10'000, {10'000, 1, 64, seconds}, true);
    add_large(all, seconds);
    add_echo(all, "pipelined", "64-byte messages, 16 in flight a connection", 64, {64, 16, 64, seconds}, false);
    for (const int bytes : {64, 4'096, 16'384, 65'536}) add_ring_ways(all, bytes, {64, 1, bytes, seconds});
    for (const int bytes : {262'144, 983'040}) add_ring_ways(all, bytes, {8, 1, bytes, seconds});
    add_batches(all);
    add_rings(all);
    return all.run();
}
