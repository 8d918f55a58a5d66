// Question: what does an idle connection cost a server, and what do thousands that come and go cost one that stays?
// Units: bytes of resident memory; microseconds of the healthy client. Threats: the load shares the machine.
#include <cmath>
#include <harness/descriptor_limit.hpp>
#include <harness/echo_servers.hpp>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/server_process.hpp>
#include <harness/thread_limit.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "connection_load.hpp"

namespace bifilar::experiments {

namespace {

using arguments = std::vector<std::string>;

sample measure(const arguments& command, arguments load) {
    const server_process echo{command};
    load.insert(load.begin(), {"--connect", echo.address(), "--server-pid", std::to_string(echo.process())});
    const pinned beside_the_server{1};
    return run_peer(LOAD_PROGRAM, load);
}

// One that nobody asks for anything has nothing to do: less than a thousandth of a processor, or the work is wrong.
sample resting(sample got) {
    const double us_per_second = got.also.at("processor_us_per_second");
    if (us_per_second <= 1'000) return got;
    throw doubtful{"the idle server ran for " + std::to_string(std::llround(us_per_second)) + " us of a second"};
}

// Where the machine has room for so many threads.
sample measure_threads(std::uint64_t connections, const arguments& load) {
    if (const std::uint64_t room = room_for_threads(); room < connections)
        throw std::runtime_error{"a thread for each of " + std::to_string(connections) +
                                 " connections was wanted and the machine has room for " + std::to_string(room) +
                                 "; raise kernel.pid_max and kernel.threads-max with sysctl"};
    return measure({BARE_THREADS, "0"}, load);
}

void add_idle(experiment& all, int connections, const std::string& seconds, bool full_only) {
    workload work{"idle",
                  "idle connections",
                  "bytes of the server's resident memory per connection",
                  static_cast<double>(connections),
                  1,
                  {}};
    work.full_only = full_only;
    work.warm_up = 0;
    work.repetitions = connections > 10'000 ? 1 : 3;  // They agree to the byte.
    const arguments load{"--idle", std::to_string(connections), "--seconds", seconds};
    for (const echo_server& one : own_echo_servers(ECHO_PROGRAM))
        work.contenders.push_back({one.column, [=] { return resting(measure(one.command, load)); }});
    work.contenders.push_back(
        {bare_threads, [=] { return measure_threads(static_cast<std::uint64_t>(connections), load); }});
    for (const echo_server& one : peers_echo_servers(all.options().peers))
        work.contenders.push_back({one.column, [=] { return measure(one.command, load); }, true, true});
    all.add(std::move(work));
}

// Only where each of two processes may open so many: the server and the load.
void add_very_many_idle(experiment& all, std::size_t descriptors) {
    constexpr int connections = 100'000;
    const std::size_t needed = connections + spare_descriptors;
    if (descriptors >= needed) return add_idle(all, connections, "2", true);
    all.refuse_fact("100,000 idle connections", "a process may open " + std::to_string(descriptors) +
                                                    " files and would need " + std::to_string(needed) +
                                                    "; raise the limit with ulimit -n");
}

struct variant {
    std::string id;
    std::string title;
    arguments more;
};

workload churn_for(const variant& one, int seconds, const std::vector<echo_server>& servers) {
    workload work{one.id,
                  "1,000 connections a second come and go" + one.title,
                  "us, p99.9 of a healthy client",
                  static_cast<double>(seconds),
                  1,
                  {}};
    work.warm_up = 0;
    arguments load{"--churn", "1000", "--seconds", std::to_string(seconds)};
    load.insert(load.end(), one.more.begin(), one.more.end());
    for (const echo_server& server : servers)
        work.contenders.push_back({server.column, [=] { return measure(server.command, load); }});
    return work;
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"connections", 6, 1};
    all.parse(argc, argv);
    const std::size_t descriptors = raise_descriptor_limit();
    add_idle(all, 1'000, all.options().quick ? "0.5" : "2", false);
    add_idle(all, 10'000, "2", true);
    if (!all.options().quick) add_very_many_idle(all, descriptors);
    const std::vector<echo_server> servers = own_echo_servers(ECHO_PROGRAM);
    all.add(churn_for({"churn", "", {}}, 3, servers));
    for (const variant& one :
         {variant{"resets", "; half of them end with a reset", {"--resets", "1"}},
          variant{"half_open", " beside 1,000 that stay after half a message", {"--half-open", "1000"}},
          variant{"slow", " beside 1,000 that send a byte a second", {"--slow", "1000"}}}) {
        workload work = churn_for(one, 2, servers);
        work.full_only = true;
        work.repetitions = 1;
        all.add(std::move(work));
    }
    // What leaks slowly hides in three seconds. Once for each server: tests/churn has ten minutes of it.
    workload longer = churn_for({"churn", "", {}}, 20, servers);
    longer.full_only = true;
    longer.repetitions = 1;
    all.add(std::move(longer));
    return all.run();
}
