// A load generator for echo servers, in a process of its own: closed loop over epoll, every byte checked.
//   io_load --connect HOST:PORT [--connections N] [--in-flight N] [--bytes B] [--seconds S] [--slice S]
//           [--server-pid PID] [--json FILE]
// Several servers are given by as many --connect, each followed by its --server-pid: they take turns of --slice until
// each had its --seconds. Without --slice a turn is all of them.
// Reports requests a second, latency percentiles, and the server's CPU time per request by its clock: an object,
// or of several servers an array in their order. If one of those fails, it has {"error": ...} and the others null.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <harness/arguments.hpp>
#include <harness/descriptor_limit.hpp>
#include <harness/histogram.hpp>
#include <harness/server_address.hpp>
#include <string>
#include <vector>

#include "closed_loop.hpp"
#include "turns.hpp"

namespace bifilar::experiments {

namespace {

struct server {
    server_address to;
    int process = 0;
};

struct options {
    std::vector<server> servers;
    closed_loop::shape shape;
    double seconds = 2;
    double slice = 0;  // 0: as long as `seconds`.
    std::string json;
};

void read(options& given, const std::string& name, const std::string& value) {
    if (name == "--connect") {
        given.servers.push_back({parse_address(name, value)});
    } else if (name == "--connections") {
        given.shape.connections = static_cast<std::size_t>(number(name, value, 1, 10'000));
    } else if (name == "--in-flight") {
        given.shape.in_flight = static_cast<std::size_t>(number(name, value, 1, 1'000));
    } else if (name == "--bytes") {
        given.shape.bytes = static_cast<std::size_t>(number(name, value, 1, 1'000'000));
    } else if (name == "--seconds") {
        given.seconds = number(name, value, 0.1, 3600);
    } else if (name == "--slice") {
        given.slice = number(name, value, 0.001, 3600);
    } else if (name == "--server-pid") {
        if (given.servers.empty()) refuse("--server-pid has no server yet; give its --connect first");
        given.servers.back().process = static_cast<int>(number(name, value, 1, 1e9));
    } else if (name == "--json") {
        given.json = value;
    } else {
        refuse(name +
               " is no option; use --connect, --connections, --in-flight, --bytes, --seconds, --slice, --server-pid, "
               "--json");
    }
}

options parse(int count, char** arguments) {
    options given;
    for (int at = 1; at < count; at += 2) {
        if (at + 1 == count) refuse(std::string{arguments[at]} + " needs a value");
        read(given, arguments[at], arguments[at + 1]);
    }
    if (given.servers.empty()) refuse("--connect is missing; give the server's address, such as 127.0.0.1:7777");
    if (given.slice == 0) given.slice = given.seconds;
    return given;
}

void check_limit(const options& given) {
    const std::size_t needed = given.servers.size() * (given.shape.connections + 1) + 16;
    if (const std::size_t limit = raise_descriptor_limit(); limit < needed)
        refuse("--connections is " + std::to_string(given.shape.connections) + " for " +
               std::to_string(given.servers.size()) + " servers but only " + std::to_string(limit) +
               " files may be open; raise the limit with ulimit -n");
}

std::string told(const turns::counted& one) {
    const histogram& all = one.requests.latencies();
    const auto count = static_cast<double>(all.count());
    const double each = all.count() != 0 ? static_cast<double>(one.processor_ns) / count : 0;
    const auto us = [&](double share) { return static_cast<double>(all.percentile(share)) / 1000; };
    char line[512];
    std::snprintf(line, sizeof line,
                  "{\"value\": %.1f, \"answer\": %d, \"also\": {\"requests_per_second\": %.0f, \"p50_us\": %.1f, "
                  "\"p99_us\": %.1f, \"p99p9_us\": %.1f}}",
                  each, all.count() != 0 ? 1 : 0, count / std::chrono::duration<double>(one.took).count(), us(0.50),
                  us(0.99), us(0.999));
    return line;
}

std::string as_array(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& one : parts) all += (all.empty() ? "[" : ", ") + one;
    return all + "]";
}

// As a string of JSON that needs no escapes, whatever an error says.
std::string quoted(std::string text) {
    std::ranges::replace_if(
        text, [](char one) { return one == '"' || one == '\\' || one < ' '; }, '\'');
    return '"' + text + '"';
}

std::string measured(const options& given) {
    const auto length = [](double seconds) {
        return std::chrono::duration_cast<closed_loop::clock::duration>(std::chrono::duration<double>{seconds});
    };
    std::vector<std::string> parts;
    try {
        turns all;
        for (const server& one : given.servers) all.add(one.to, one.process, given.shape);
        all.take(length(std::min(0.5, given.seconds / 4)), length(given.slice));  // Warm-up.
        all.take(length(given.seconds), length(given.slice));
        for (const turns::counted& one : all.servers()) parts.push_back(told(one));
    } catch (const failed_server& error) {
        if (given.servers.size() == 1 && !error.wrong) throw;
        parts.assign(given.servers.size(), "null");
        parts[error.number] =
            (error.wrong ? "{\"wrong\": " : "{\"error\": ") + quoted(std::string{"io_load: "} + error.what()) + "}";
    }
    return given.servers.size() == 1 ? parts.front() : as_array(parts);
}

}  // namespace

}  // namespace bifilar::experiments

int main(int count, char** arguments) try {
    using namespace bifilar::experiments;
    const options given = parse(count, arguments);
    check_limit(given);
    const std::string line = measured(given);
    std::puts(line.c_str());
    if (!given.json.empty()) std::ofstream{given.json} << line << '\n';
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "io_load: %s\n", error.what());
    return 2;
}
