// A load of connections for echo servers, in a process of its own; every byte that comes back is checked.
//   connection_load --connect HOST:PORT --server-pid PID --idle N [--seconds S]
//   connection_load --connect HOST:PORT --server-pid PID --churn N [--seconds S] [--resets 1] [--half-open N] [--slow
//   N]
// --idle: N connections that are served once and then left alone; the server's memory for each, and its processor time.
// --churn: N connections a second come, are served once and go, beside a healthy one whose latencies are the result.
// --resets: half of them go with a reset, and half of those before they are answered. --half-open and --slow: so many
// stay meanwhile, after half a message, or sending a byte a second.
#include <cstdio>
#include <exception>
#include <harness/arguments.hpp>
#include <harness/descriptor_limit.hpp>
#include <harness/wrong_bytes.hpp>
#include <utility>

#include "connection_load.hpp"

namespace bifilar::experiments {

namespace {

load_options parse(int count, char** arguments) {
    load_options given;
    for (int at = 1; at < count; at += 2) {
        const std::string name = arguments[at];
        if (at + 1 == count) refuse(name + " needs a value");
        const std::string value = arguments[at + 1];
        const auto connections = [&] { return static_cast<std::size_t>(number(name, value, 0, 100'000)); };
        if (name == "--connect")
            given.server = parse_address(name, value);
        else if (name == "--server-pid")
            given.process = static_cast<pid_t>(number(name, value, 1, 1e9));
        else if (name == "--idle")
            given.idle = connections();
        else if (name == "--churn")
            given.churn_per_second = connections();
        else if (name == "--seconds")
            given.seconds = number(name, value, 0.1, 3600);
        else if (name == "--resets")
            given.resets = number(name, value, 0, 1) != 0;
        else if (name == "--half-open")
            given.half_open = connections();
        else if (name == "--slow")
            given.slow = connections();
        else
            refuse(name +
                   " is no option; use --connect, --server-pid, --idle, --churn, --seconds, --resets, --half-open, "
                   "--slow");
    }
    if (given.server.text.empty()) refuse("--connect is missing; give the server's address, such as 127.0.0.1:7777");
    if (given.process == 0) refuse("--server-pid is missing; give the server's process, whose memory is read");
    if ((given.idle != 0) == (given.churn_per_second != 0)) refuse("give either --idle N or --churn N, at least 1");
    return given;
}

void print(const load_result& got) {
    std::printf("{\"value\": %.1f, \"answer\": %d, ", got.value, got.doubt.empty() ? 1 : 0);
    if (!got.doubt.empty()) {
        std::printf("\"doubt\": \"%s\", ", got.doubt.c_str());
        std::fprintf(stderr, "connection_load: %s\n", got.doubt.c_str());
    }
    std::printf("\"also\": {");
    const char* between = "";
    for (const auto& [name, value] : got.also)
        std::printf("%s\"%s\": %.1f", std::exchange(between, ", "), name.c_str(), value);
    std::puts("}}");
}

}  // namespace

}  // namespace bifilar::experiments

int main(int count, char** arguments) try {
    using namespace bifilar::experiments;
    const load_options given = parse(count, arguments);
    const std::size_t needed = given.idle + given.half_open + given.slow + spare_descriptors;
    if (const std::size_t limit = raise_descriptor_limit(); limit < needed)
        refuse("as many as " + std::to_string(needed) + " files may have to be open but only " + std::to_string(limit) +
               " may be; raise the limit with ulimit -n");
    print(given.idle != 0 ? measure_idle(given) : measure_churn(given));
    return 0;
} catch (const bifilar::experiments::wrong_bytes& error) {
    std::printf("{\"wrong\": \"%s\"}\n", error.what());
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "connection_load: %s\n", error.what());
    return 2;
}
