// A load generator for echo servers, in a process of its own: closed loop over epoll, every byte checked.
//   io_load --connect HOST:PORT [--connections N] [--in-flight N] [--bytes B] [--seconds S] [--server-pid PID]
//           [--json FILE]
// Each connection keeps --in-flight messages under way: what comes back is sent anew, together.
// Reports requests a second, latency percentiles, and the server's CPU time per request from its schedstat.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <harness/arguments.hpp>
#include <harness/descriptor_limit.hpp>
#include <harness/histogram.hpp>
#include <harness/process.hpp>
#include <harness/server_address.hpp>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace bifilar::experiments {

namespace {

using clock_type = std::chrono::steady_clock;

struct options {
    server_address to;
    std::size_t connections = 64;
    std::size_t in_flight = 1;
    std::size_t bytes = 64;
    double seconds = 2;
    int server = 0;
    std::string json;
};

options parse(int count, char** arguments) {
    options given;
    for (int at = 1; at < count; at += 2) {
        const std::string name = arguments[at];
        if (at + 1 == count) refuse(name + " needs a value");
        const std::string value = arguments[at + 1];
        if (name == "--connect") {
            given.to = parse_address(name, value);
        } else if (name == "--connections") {
            given.connections = static_cast<std::size_t>(number(name, value, 1, 10'000));
        } else if (name == "--in-flight") {
            given.in_flight = static_cast<std::size_t>(number(name, value, 1, 1'000));
        } else if (name == "--bytes") {
            given.bytes = static_cast<std::size_t>(number(name, value, 1, 1'000'000));
        } else if (name == "--seconds") {
            given.seconds = number(name, value, 0.1, 3600);
        } else if (name == "--server-pid") {
            given.server = static_cast<int>(number(name, value, 1, 1e9));
        } else if (name == "--json") {
            given.json = value;
        } else {
            refuse(
                name +
                " is no option; use --connect, --connections, --in-flight, --bytes, --seconds, --server-pid, --json");
        }
    }
    if (given.to.text.empty()) refuse("--connect is missing; give the server's address, such as 127.0.0.1:7777");
    return given;
}

struct connection {
    int descriptor = -1;
    std::size_t received = 0;  // Of the message that is coming back.
    std::size_t oldest = 0;    // Its place in `began`.
    std::vector<clock_type::time_point> began;
    std::vector<char> messages;  // As many as are in flight, all alike.
    std::vector<char> back;
};

class load {
public:
    explicit load(const options& given) : given_{given}, epoll_{::epoll_create1(0)} {
        check_limit();
        connections_.resize(given.connections);
        for (std::size_t n = 0; n < connections_.size(); ++n) open(connections_[n], n);
    }
    ~load() {
        for (const connection& one : connections_) ::close(one.descriptor);
        ::close(epoll_);
    }
    load(const load&) = delete;
    load& operator=(const load&) = delete;

    // Runs for a while; what it counted before is forgotten.
    void run(double seconds) {
        latencies_ = histogram{};
        const auto end = clock_type::now() +
                         std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>{seconds});
        std::vector<epoll_event> ready(512);
        while (clock_type::now() < end) {
            const int found = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 100);
            for (int n = 0; n < found; ++n)
                advance(*static_cast<connection*>(ready[static_cast<std::size_t>(n)].data.ptr));
        }
    }
    [[nodiscard]] const histogram& latencies() const noexcept { return latencies_; }

private:
    void check_limit() const {
        const std::size_t needed = given_.connections + 16;
        if (const std::size_t limit = raise_descriptor_limit(); limit < needed)
            refuse("--connections is " + std::to_string(given_.connections) + " but only " + std::to_string(limit) +
                   " files may be open; raise the limit with ulimit -n");
    }

    void open(connection& one, std::size_t number) {
        one.descriptor = connect_to(given_.to);
        one.messages.resize(given_.bytes * given_.in_flight);
        for (std::size_t n = 0; n < one.messages.size(); ++n)
            one.messages[n] = static_cast<char>(number * 131 + n % given_.bytes * 7);
        one.back.resize(one.messages.size());
        one.began.resize(given_.in_flight);
        epoll_event event{EPOLLIN, {&one}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, one.descriptor, &event);
        begin(one, given_.in_flight);
    }

    // Sends so many messages at once, in place of the oldest ones.
    void begin(connection& one, std::size_t messages) {
        const auto now = clock_type::now();
        for (std::size_t n = 0; n < messages; ++n)
            one.began[(one.oldest + given_.in_flight - 1 - n) % given_.in_flight] = now;
        for (std::size_t sent = 0; sent < messages * given_.bytes;) {
            const ssize_t part =
                ::send(one.descriptor, one.messages.data() + sent, messages * given_.bytes - sent, MSG_NOSIGNAL);
            if (part <= 0) refuse(std::string{"the server went away: "} + std::strerror(errno));
            sent += static_cast<std::size_t>(part);
        }
    }

    void advance(connection& one) {
        const ssize_t part = ::recv(one.descriptor, one.back.data(), one.back.size() - one.received, MSG_DONTWAIT);
        if (part < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (part <= 0) refuse("the server closed a connection before it had answered");
        const auto count = static_cast<std::size_t>(part);
        if (std::memcmp(one.back.data(), one.messages.data() + one.received, count) != 0)
            refuse("the server answered with other bytes than it was sent");
        one.received += count;
        const std::size_t complete = one.received / given_.bytes;
        if (complete == 0) return;
        one.received %= given_.bytes;
        const auto now = clock_type::now();
        for (std::size_t n = 0; n < complete; ++n) {
            latencies_.add(static_cast<std::uint64_t>(
                std::chrono::duration_cast<std::chrono::nanoseconds>(now - one.began[one.oldest]).count()));
            one.oldest = (one.oldest + 1) % given_.in_flight;
        }
        begin(one, complete);
    }

    const options& given_;
    int epoll_;
    std::vector<connection> connections_;
    histogram latencies_;
};

}  // namespace

}  // namespace bifilar::experiments

int main(int count, char** arguments) try {
    using namespace bifilar::experiments;
    const options given = parse(count, arguments);
    load requests{given};
    requests.run(std::min(0.5, given.seconds / 4));  // Warm-up.
    const std::uint64_t cpu_before = given.server != 0 ? processor_ns(given.server) : 0;
    const auto began = clock_type::now();
    requests.run(given.seconds);
    const double took = std::chrono::duration<double>(clock_type::now() - began).count();
    const std::uint64_t cpu = given.server != 0 ? processor_ns(given.server) - cpu_before : 0;
    const histogram& all = requests.latencies();
    const double each = all.count() != 0 ? static_cast<double>(cpu) / static_cast<double>(all.count()) : 0;
    const auto us = [&](double share) { return static_cast<double>(all.percentile(share)) / 1000; };
    char line[512];
    std::snprintf(line, sizeof line,
                  "{\"value\": %.1f, \"answer\": %d, \"also\": {\"requests_per_second\": %.0f, \"p50_us\": %.1f, "
                  "\"p99_us\": %.1f, \"p99p9_us\": %.1f}}",
                  each, all.count() != 0 ? 1 : 0, static_cast<double>(all.count()) / took, us(0.50), us(0.99),
                  us(0.999));
    std::puts(line);
    if (!given.json.empty()) std::ofstream{given.json} << line << '\n';
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "io_load: %s\n", error.what());
    return 2;
}
