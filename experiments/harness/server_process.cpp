// fork, pin, exec; the first line of the standard output is the address.
#include "server_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "pin.hpp"
#include "process.hpp"
#include "seat.hpp"

namespace bifilar::experiments {
namespace {

std::string first_line(int from) {
    std::string line;
    for (char one = 0; read(from, &one, 1) == 1 && one != '\n';) line += one;
    return line;
}

}  // namespace

server_process::server_process(const std::vector<std::string>& command) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe"};
    const int processor = allowed_processors().front();
    note_seat({processor}, 1);
    process_ = fork();
    if (process_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
    if (process_ == 0) {
        pin_to({processor});
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
    if (!address_.starts_with(greeting)) {
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
        throw std::runtime_error{command[0] + " did not start"};
    }
    address_.erase(0, greeting.size());
}

server_process::~server_process() {
    kill(process_, SIGTERM);
    for (int turn = 0; turn < 100; ++turn) {
        if (waitpid(process_, nullptr, WNOHANG) == process_) return;
        usleep(10'000);
    }
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
}

double server_process::cpu_ns() const { return static_cast<double>(processor_ns(process_)); }

}  // namespace bifilar::experiments
