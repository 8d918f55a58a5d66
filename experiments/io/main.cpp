// Question: what does serving a request cost, beside a bare epoll loop in C that does the same?
// Unit: the server's CPU time per request. Threats: the load shares the machine; the kernel is most of the figure.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace bifilar::experiments {

namespace {

using arguments = std::vector<std::string>;

// A server in a process of its own, pinned to the first processor; ends with SIGINT.
class server {
public:
    explicit server(const arguments& command) {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe"};
        process_ = fork();
        if (process_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
        if (process_ == 0) {
            const pinned here{1};
            dup2(ends[1], STDOUT_FILENO);
            std::vector<char*> words;
            for (const std::string& one : command) words.push_back(const_cast<char*>(one.c_str()));
            words.push_back(nullptr);
            execv(words[0], words.data());
            _exit(127);
        }
        close(ends[1]);
        address_ = first_line(ends[0]);
        close(ends[0]);
        constexpr std::string_view greeting = "listening on ";
        if (!address_.starts_with(greeting)) throw std::runtime_error{command[0] + " did not start"};
        address_.erase(0, greeting.size());
    }
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server() {
        kill(process_, SIGINT);
        waitpid(process_, nullptr, 0);
    }

    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    [[nodiscard]] pid_t process() const noexcept { return process_; }

private:
    static std::string first_line(int from) {
        std::string line;
        for (char one = 0; read(from, &one, 1) == 1 && one != '\n';) line += one;
        return line;
    }

    pid_t process_ = -1;
    std::string address_;
};

struct load_shape {
    int connections;
    double seconds;
};

// The load runs on the second processor where there is one.
sample measure(const arguments& command, const load_shape& shape) {
    const server echo{command};
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
