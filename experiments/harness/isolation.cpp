// Repetitions in processes of their own: forked ones, whose memory starts small, and the peers' programs.
// Results come back through a pipe as one JSON object.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "run.hpp"
#include "seat.hpp"

namespace bifilar::experiments {

namespace {

std::string read_all(int file) {
    std::string text;
    std::array<char, 4096> part;
    for (;;) {
        const ssize_t got = read(file, part.data(), part.size());
        if (got > 0)
            text.append(part.data(), static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR)
            return text;
    }
}

void write_all(int file, const std::string& text) {
    if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(3);
}

// What a peer says on stderr, which is why it has not got what it was asked for.
class kept_stderr {
public:
    kept_stderr() : file_{memfd_create("stderr of a peer", MFD_CLOEXEC)} {
        if (file_ < 0) throw std::system_error{errno, std::generic_category(), "memfd_create"};
    }
    kept_stderr(const kept_stderr&) = delete;
    kept_stderr& operator=(const kept_stderr&) = delete;
    ~kept_stderr() { close(file_); }

    void take_over() const { dup2(file_, STDERR_FILENO); }
    [[nodiscard]] std::string first_line() const {
        lseek(file_, 0, SEEK_SET);
        const std::string text = read_all(file_);
        return text.substr(0, text.find('\n'));
    }

private:
    int file_;
};

// Runs `child` in a new process with its standard output, or `to`, at the pipe.
std::string output_of_child(const std::function<void(int)>& child) {
    int ends[2];
    if (pipe(ends) != 0) throw std::system_error{errno, std::generic_category(), "pipe"};
    std::cout.flush();
    const pid_t made = fork();
    if (made < 0) throw std::system_error{errno, std::generic_category(), "fork"};
    if (made == 0) {
        close(ends[0]);
        child(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    std::string text = read_all(ends[0]);
    close(ends[0]);
    int status = 0;
    waitpid(made, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        throw std::runtime_error{"the measuring process was killed, as the kernel does when memory runs out"};
    if (WIFSIGNALED(status)) throw crashed{"crashed with signal " + std::to_string(WTERMSIG(status))};
    if (WEXITSTATUS(status) != 0)
        throw std::runtime_error{"the measuring process ended with exit code " + std::to_string(WEXITSTATUS(status))};
    return text;
}

}  // namespace

sample sample_of(const nlohmann::json& json) {
    if (json.contains("error")) throw std::runtime_error{json["error"].get<std::string>()};
    if (json.contains("wrong")) throw wrong_answer{json["wrong"].get<std::string>()};
    if (json.contains("doubt")) throw doubtful{json["doubt"].get<std::string>()};
    if (json.contains("seat")) note_seat(json["seat"]);
    sample got{json.at("value").get<double>(), json.at("answer").get<std::uint64_t>(), {}};
    if (json.contains("also"))
        for (const auto& [key, value] : json["also"].items()) got.also[key] = value.get<double>();
    return got;
}

sample run_isolated(const std::function<sample()>& work) {
    return sample_of(nlohmann::json::parse(output_of_child([&](int to) {
        try {
            const sample got = work();
            nlohmann::json told{{"value", got.value}, {"answer", got.answer}, {"also", got.also}};
            told["seat"] = written(take_seat());
            write_all(to, told.dump());
        } catch (const std::exception& error) {
            write_all(to, nlohmann::json{{"error", error.what()}}.dump());
        }
    })));
}

nlohmann::json printed_by(const std::string& program, const std::vector<std::string>& arguments) {
    if (access(program.c_str(), X_OK) != 0)
        throw std::runtime_error{"there is no " + program + "; experiments/run --peers says why it was not built"};
    const kept_stderr said;
    const auto run = [&](int to) {
        dup2(to, STDOUT_FILENO);
        said.take_over();
        std::vector<char*> words{const_cast<char*>(program.c_str())};
        for (const std::string& one : arguments) words.push_back(const_cast<char*>(one.c_str()));
        words.push_back(nullptr);
        execv(program.c_str(), words.data());
        _exit(127);
    };
    try {
        return nlohmann::json::parse(output_of_child(run));
    } catch (const crashed& error) {
        throw crashed{std::string{error.what()} + ": " + said.first_line()};
    } catch (const std::runtime_error& error) {
        const std::string why = said.first_line();
        throw std::runtime_error{why.empty() ? error.what() : why};
    }
}

sample run_peer(const std::string& program, const std::vector<std::string>& arguments) {
    return sample_of(printed_by(program, arguments));
}

}  // namespace bifilar::experiments
