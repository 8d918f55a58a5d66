// The servers, each under the same load, and the processor time that it took them.
#include "hello.hpp"

#include <harness/server_process.hpp>
#include <harness/wrk.hpp>
#include <string>
#include <vector>

namespace bifilar::experiments {

namespace {

using arguments = std::vector<std::string>;

struct load_shape {
    int connections;
    int pipelined;  // Requests under way on each.
    int seconds;
};

wrk_load load_of(const std::string& address, const load_shape& shape) {
    wrk_load load{"http://" + address + "/", shape.connections, shape.seconds};
    if (shape.pipelined > 1) {
        load.script = PIPELINE_SCRIPT;
        load.script_arguments = {std::to_string(shape.pipelined)};
    }
    return load;
}

sample measure(const arguments& command, const load_shape& shape) {
    const server_process server{command};
    const double before = server.cpu_ns();
    const wrk_result load = run_wrk(load_of(server.address(), shape));
    sample got;
    got.value = (server.cpu_ns() - before) / load.requests;
    got.also["requests_per_second"] = load.per_second;
    // A pipelined batch is one sample of wrk's, but it corrects the samples by the interval between single answers, so
    // that most of them are made up, some below the least, from which on it looks for percentiles: p99 may be 0.
    if (shape.pipelined == 1) got.also["p99_us"] = load.p99_us;
    return got;
}

void add_workload(experiment& all, const std::string& id, const std::string& title, const load_shape& shape) {
    workload work{id, title, "ns of the server's CPU per request", static_cast<double>(shape.connections), 0, {}};
    for (const std::string backend : {"stackless", "stackful"})
        for (const std::string driver : {"epoll", "uring"})
            work.contenders.push_back({backend + ", " + driver, [=] {
                                           return measure({HTTP_PROGRAM, "--port", "0", "--workers", "0", "--backend",
                                                           backend, "--driver", driver},
                                                          shape);
                                       }});
    work.contenders.push_back({"Boost.Beast", [=] { return measure({BEAST_PROGRAM, "0"}, shape); }, false, true});
    if (!all.options().peers.empty()) {
        const std::string go = all.options().peers + "/go_peer";
        work.contenders.push_back({"Go", [=] { return measure({go, "http", "0"}, shape); }, false, true});
    }
    all.add(std::move(work));
}

}  // namespace

void add_hello(experiment& all) {
    constexpr int seconds = 1;  // Of tens of thousands of requests.
    add_workload(all, "keep_alive", "GET / on kept connections, one request under way on each", {64, 1, seconds});
    add_workload(all, "pipelined", "GET / on kept connections, 16 requests under way on each", {64, 16, seconds});
}

}  // namespace bifilar::experiments
