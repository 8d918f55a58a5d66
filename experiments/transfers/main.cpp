// Question: what do bodies, files and TLS cost a server of HTTP/1.1, beside nginx and Go's net/http?
// Unit: the server's CPU time per request, or per handshake. Load: wrk. Threats: it shares the machine, and loopback
// is the network.
#include <fstream>
#include <functional>
#include <harness/run.hpp>
#include <harness/server_process.hpp>
#include <harness/stopwatch.hpp>
#include <harness/wrk.hpp>
#include <iterator>
#include <string>
#include <vector>

#include "fetch.hpp"
#include "folder.hpp"
#include "nginx.hpp"

namespace bifilar::experiments {

namespace {

using arguments = std::vector<std::string>;
using command_maker = std::function<arguments()>;

// What is asked for, and how.
struct request_shape {
    std::size_t bytes = 0;  // Of the body.
    int connections = 16;
    bool encrypted = false;
    bool closes = false;  // A connection, and with TLS a handshake, for each request.
};

std::string read_whole(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

sample measure(const served_folder& folder, const arguments& command, const request_shape& shape) {
    const server_process server{command};
    const std::string path = "/" + std::to_string(shape.bytes);
    check_answer(server.address(), path, shape.encrypted, read_whole(folder.file(shape.bytes)));
    wrk_load load{(shape.encrypted ? "https://" : "http://") + server.address() + path, shape.connections};
    if (shape.closes) load.field = "Connection: close";
    const double before = server.cpu_ns();
    const stopwatch watch;
    const wrk_result answered = run_wrk(load);
    const double ran_ns = server.cpu_ns() - before;
    sample got;
    got.value = ran_ns / 1000 / answered.requests;
    got.also["requests_per_second"] = answered.per_second;
    if (shape.bytes >= 1024)
        got.also["mib_per_second"] = answered.per_second * static_cast<double>(shape.bytes) / (1 << 20);
    got.also["busy_percent"] = 100 * ran_ns / static_cast<double>(watch.ns());
    return got;
}

class page {
public:
    page(experiment& all, const served_folder& folder) : all_{&all}, folder_{&folder} {}

    // Ours in each model with each driver, then `others`, then Go.
    void add(workload work, const request_shape& shape, const arguments& ours,
             const std::vector<std::pair<std::string, nginx_settings>>& others, const arguments& go) {
        for (const std::string backend : {"stackless", "stackful"})
            for (const std::string driver : {"epoll", "uring"}) {
                arguments command = ours;
                command.insert(command.end(),
                               {"--port", "0", "--workers", "0", "--backend", backend, "--driver", driver});
                add_contender(
                    work, backend + ", " + driver, [command] { return command; }, shape, false);
            }
        for (const auto& [name, how] : others)
            add_contender(
                work, name, [this, how] { return nginx_command(*folder_, how); }, shape, true);
        if (!all_->options().peers.empty()) {
            arguments command{all_->options().peers + "/go_peer", "http", "0"};
            command.insert(command.end(), go.begin(), go.end());
            add_contender(
                work, "Go", [command] { return command; }, shape, true);
        }
        work.warm_up = 0;
        all_->add(std::move(work));
    }

private:
    void add_contender(workload& to, const std::string& name, const command_maker& command, const request_shape& shape,
                       bool other) {
        to.contenders.push_back({name, [=, this] { return measure(*folder_, command(), shape); }, false, other});
    }

    experiment* all_;
    const served_folder* folder_;
};

constexpr const char* per_request = "us of the server's CPU per request";

workload work_of(const char* id, const std::string& title, const char* unit, double size, bool full_only) {
    workload work{id, title, unit, size, 0, {}};
    work.full_only = full_only;
    return work;
}

void add_bodies(page& all, const served_folder& folder, std::size_t bytes, bool full_only) {
    all.add(work_of("body", "a body from memory", per_request, static_cast<double>(bytes), full_only), {bytes},
            {BODY_PROGRAM, "--body", folder.file(bytes)},
            {{"nginx, sendfile", {true, true}}, {"nginx, read and write", {false, true}}},
            {"body", folder.file(bytes)});
}

void add_files(page& all, const served_folder& folder, std::size_t bytes, bool full_only) {
    all.add(work_of("file", "a file, opened for each request", per_request, static_cast<double>(bytes), full_only),
            {bytes}, {HTTP_PROGRAM, "--root", folder.root()}, {{"nginx, sendfile", {true, false}}},
            {"file", folder.file(bytes)});
}

arguments encrypting(const served_folder& folder, std::size_t bytes) {
    return {BODY_PROGRAM, "--body", folder.file(bytes), "--certificate", folder.certificate(), "--key", folder.key()};
}

arguments encrypting_go(const served_folder& folder, std::size_t bytes) {
    return {"tls", folder.file(bytes), folder.certificate(), folder.key()};
}

void add_encrypted(page& all, const served_folder& folder, std::size_t bytes, bool full_only) {
    // What is short it has from its configuration.
    const std::string says = bytes < 1024 ? read_whole(folder.file(bytes)) : "";
    all.add(
        work_of("tls", "a body over TLS 1.3 on kept connections", per_request, static_cast<double>(bytes), full_only),
        {bytes, 16, true}, encrypting(folder, bytes), {{"nginx", {true, true, true, says}}},
        encrypting_go(folder, bytes));
}

void add_handshakes(page& all, const served_folder& folder, std::size_t bytes) {
    const request_shape shape{bytes, 16, true, true};
    all.add(work_of("handshakes", "a full handshake of TLS 1.3 and one short answer for each connection",
                    "us of the server's CPU per handshake", shape.connections, false),
            shape, encrypting(folder, bytes), {{"nginx", {true, true, true, read_whole(folder.file(bytes))}}},
            encrypting_go(folder, bytes));
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"transfers", 6, 1};
    all.parse(argc, argv);
    constexpr std::size_t kib = 1024;
    constexpr std::size_t hello = 5;
    served_folder folder;
    for (const std::size_t bytes : {hello, 16 * kib, 128 * kib, 1024 * kib}) folder.add(bytes);
    page transfers{all, folder};
    add_bodies(transfers, folder, 16 * kib, true);
    add_bodies(transfers, folder, 128 * kib, false);
    add_bodies(transfers, folder, 1024 * kib, true);
    add_files(transfers, folder, 16 * kib, false);
    add_files(transfers, folder, 1024 * kib, true);
    add_encrypted(transfers, folder, hello, true);
    add_encrypted(transfers, folder, 1024 * kib, false);
    add_handshakes(transfers, folder, hello);
    return all.run();
}
