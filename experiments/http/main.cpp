// Question: what does answering "hello" over HTTP/1.1 cost, beside Go's net/http and Boost.Beast over Asio?
// Unit: the server's CPU time per request. Load: wrk. Threats: it shares the machine; the kernel is most of the figure.
#include <array>
#include <cstdio>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/server_process.hpp>
#include <memory>
#include <stdexcept>

namespace bifilar::experiments {

namespace {

using arguments = std::vector<std::string>;

struct load_shape {
    int connections;
    int pipelined;  // Requests under way on each.
    int seconds;
};

class wrk_result {
public:
    double requests = 0;
    double per_second = 0;
    double p99_us = 0;
};

double microseconds(const std::string& text) {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    const std::string unit = text.substr(used);
    return unit == "us" ? value : unit == "ms" ? value * 1e3 : value * 1e6;
}

wrk_result run_wrk(const std::string& address, const load_shape& shape) {
    std::string command =
        "exec wrk -t1 --latency -c" + std::to_string(shape.connections) + " -d" + std::to_string(shape.seconds) + "s";
    if (shape.pipelined > 1) command += std::string{" -s "} + PIPELINE_SCRIPT;
    command += " http://" + address + "/";
    if (shape.pipelined > 1) command += " -- " + std::to_string(shape.pipelined);
    command += " 2>&1";
    const pinned beside_the_server{1};
    FILE* const from = popen(command.c_str(), "r");
    if (from == nullptr) throw std::runtime_error{"wrk could not be started"};
    wrk_result got;
    std::string all;
    std::array<char, 256> line;
    while (std::fgets(line.data(), line.size(), from) != nullptr) {
        all += line.data();
        std::array<char, 32> latency{};
        (void)std::sscanf(line.data(), " %lf requests in", &got.requests);
        (void)std::sscanf(line.data(), "Requests/sec: %lf", &got.per_second);
        if (std::sscanf(line.data(), " 99%% %31s", latency.data()) == 1) got.p99_us = microseconds(latency.data());
    }
    const int status = pclose(from);
    if (status != 0 || got.requests == 0)
        throw std::runtime_error{"wrk failed; install it: sudo apt-get install wrk. It said: " + all};
    if (all.find("Socket errors") != std::string::npos || all.find("Non-2xx") != std::string::npos)
        throw std::runtime_error{"wrk met errors: " + all};
    return got;
}

sample measure(const arguments& command, const load_shape& shape) {
    const server_process server{command};
    const double before = server.cpu_ns();
    const wrk_result load = run_wrk(server.address(), shape);
    sample got;
    got.value = (server.cpu_ns() - before) / load.requests;
    got.also["requests_per_second"] = load.per_second;
    // A pipelined batch is one sample of wrk's, but it corrects the samples by the interval between single answers, so
    // that most of them are made up, some below the least, from which on it looks for percentiles: p99 may be 0.
    if (shape.pipelined == 1) got.also["p99_us"] = load.p99_us;
    return got;
}

void add_hello(experiment& all, const std::string& id, const std::string& title, const load_shape& shape) {
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

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"http", 10, 3};
    all.parse(argc, argv);
    constexpr int seconds = 1;  // Of tens of thousands of requests.
    add_hello(all, "keep_alive", "GET / on kept connections, one request under way on each", {64, 1, seconds});
    add_hello(all, "pipelined", "GET / on kept connections, 16 requests under way on each", {64, 16, seconds});
    return all.run();
}
