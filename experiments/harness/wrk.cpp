// Starts wrk and reads what it prints.
#include "wrk.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>

#include "pin.hpp"

namespace bifilar::experiments {

namespace {

double microseconds(const std::string& text) {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    const std::string unit = text.substr(used);
    return unit == "us" ? value : unit == "ms" ? value * 1e3 : value * 1e6;
}

std::string command_of(const wrk_load& load) {
    std::string command =
        "exec wrk -t1 --latency -c" + std::to_string(load.connections) + " -d" + std::to_string(load.seconds) + "s";
    if (!load.script.empty()) command += " -s " + load.script;
    if (!load.field.empty()) command += " -H '" + load.field + "'";
    command += " " + load.url;
    if (!load.script_arguments.empty()) command += " --";
    for (const std::string& one : load.script_arguments) command += " " + one;
    return command + " 2>&1";
}

}  // namespace

wrk_result run_wrk(const wrk_load& load) {
    const pinned beside_the_server{1};
    FILE* const from = popen(command_of(load).c_str(), "r");
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

}  // namespace bifilar::experiments
