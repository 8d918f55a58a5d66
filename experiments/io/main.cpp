// Question: what does serving a request cost, beside a bare epoll loop in C that does the same?
// Unit: the server's CPU time per request. Threats: the load shares the machine; the kernel is most of the figure.

#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/server_process.hpp>
#include <memory>

namespace bifilar::experiments {

namespace {

using arguments = std::vector<std::string>;

struct load_shape {
    int connections;
    double seconds;
};

// The load runs on the second processor where there is one.
sample measure(const arguments& command, const load_shape& shape) {
    const server_process echo{command};
    const std::vector<int> usable = allowed_processors();
    const std::vector<int> former = usable;
    pin_to({usable.back()});
    sample got = run_peer(
        LOAD_PROGRAM, {"--connect", echo.address(), "--connections", std::to_string(shape.connections), "--bytes", "64",
                       "--seconds", std::to_string(shape.seconds), "--server-pid", std::to_string(echo.process())});
    pin_to(former);
    return got;
}

void add_echo(experiment& all, const load_shape& shape, bool full_only) {
    workload work{"echo",
                  "64-byte messages, echoed",
                  "ns of the server's CPU per request",
                  static_cast<double>(shape.connections),
                  1,
                  {}};
    work.full_only = full_only;
    const auto bare = std::make_shared<double>(0);  // Of the present round: contenders take turns, this one first.
    work.contenders.push_back({"bare epoll loop in C", [=] {
                                   sample got = measure({BARE_PROGRAM, "0"}, shape);
                                   *bare = got.value;
                                   got.also["of_the_bare_loop"] = 1;
                                   return got;
                               }});
    for (const std::string backend : {"stackless", "stackful"})
        for (const std::string driver : {"epoll", "uring"})
            work.contenders.push_back({backend + ", " + driver, [=] {
                                           sample got = measure({ECHO_PROGRAM, "--port", "0", "--workers", "1",
                                                                 "--backend", backend, "--driver", driver},
                                                                shape);
                                           got.also["of_the_bare_loop"] = got.value / *bare;
                                           return got;
                                       }});
    all.add(std::move(work));
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"io", 15, 3};
    all.parse(argc, argv);
    const double seconds = all.options().quick ? 0.7 : 1.5;
    add_echo(all, {1, seconds}, true);
    add_echo(all, {64, seconds}, false);
    add_echo(all, {1'000, seconds}, true);
    return all.run();
}
