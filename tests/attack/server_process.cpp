// fork and exec; /proc says what the process holds. Its errors go to memory without a name.
#include "server_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace attack {
namespace {

// A quarantine of the usual size would hide what the server itself holds.
constexpr const char* sanitizer = "ASAN_OPTIONS=quarantine_size_mb=8:abort_on_error=0:detect_leaks=1";

[[noreturn]] void become(const std::vector<char*>& words, int output, int errors, std::size_t max_descriptors) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    if (max_descriptors != 0) {
        const rlimit limit{max_descriptors, max_descriptors};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    ::putenv(const_cast<char*>(sanitizer));  // putenv takes no const and does not write.
    ::execv(words[0], words.data());
    ::_exit(127);
}

}  // namespace

server_process::server_process(const std::string& program, const std::vector<std::string>& arguments,
                               std::size_t max_descriptors) {
    std::vector<std::string> texts{program, "--port", "0"};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> words;
    words.reserve(texts.size() + 1);
    for (std::string& text : texts) words.push_back(text.data());
    words.push_back(nullptr);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    errors_ = ::memfd_create("errors", MFD_CLOEXEC);
    process_ = ::fork();
    if (process_ == 0) become(words, pipe[1], errors_, max_descriptors);
    ::close(pipe[1]);
    output_ = pipe[0];
    listen_to(output_);
    if (port_ == 0) throw std::runtime_error{program + " does not say where it listens: " + errors()};
}

void server_process::listen_to(int output) {
    std::string line;
    while (line.find('\n') == std::string::npos) {
        pollfd waiting{output, POLLIN, 0};
        std::array<char, 256> room;
        if (::poll(&waiting, 1, 30'000) != 1) return;
        const ssize_t got = ::read(output, room.data(), room.size());
        if (got <= 0) return;
        line.append(room.data(), static_cast<std::size_t>(got));
    }
    port_ = static_cast<std::uint16_t>(std::atoi(line.c_str() + line.find(':') + 1));
}

server_process::~server_process() {
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    ::close(output_);
    ::close(errors_);
}

bool server_process::runs() const {
    siginfo_t state{};
    return process_ > 0 && ::waitid(P_PID, static_cast<id_t>(process_), &state, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           state.si_pid == 0;
}

std::size_t server_process::descriptors() const {
    DIR* const folder = ::opendir(("/proc/" + std::to_string(process_) + "/fd").c_str());
    if (folder == nullptr) return 0;
    std::size_t count = 0;
    while (const dirent* const entry = ::readdir(folder)) count += entry->d_name[0] != '.' ? 1U : 0U;
    ::closedir(folder);
    return count;
}

std::size_t server_process::status_bytes(const char* field) const {
    std::ifstream status{"/proc/" + std::to_string(process_) + "/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return std::strtoull(line.c_str() + std::strlen(field), nullptr, 10) * 1024;
    return 0;
}

std::size_t server_process::resident_bytes() const { return status_bytes("VmRSS:"); }
std::size_t server_process::peak_bytes() const { return status_bytes("VmHWM:"); }

std::string server_process::errors() const {
    std::string text;
    std::array<char, 4096> room;
    for (;;) {
        const ssize_t got = ::pread(errors_, room.data(), room.size(), static_cast<off_t>(text.size()));
        if (got <= 0) return text;
        text.append(room.data(), static_cast<std::size_t>(got));
    }
}

std::string server_process::stop(std::chrono::milliseconds patience) {
    const int watched = static_cast<int>(::syscall(SYS_pidfd_open, process_, 0));
    ::kill(process_, SIGINT);
    pollfd waiting{watched, POLLIN, 0};
    const bool ended = watched >= 0 && ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
    if (watched >= 0) ::close(watched);
    if (!ended) return "it does not end at ctrl-C";
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    const std::string said = errors();
    for (const std::string_view report : {"Sanitizer", "runtime error:"})
        if (said.find(report) != std::string::npos) return said;
    if (WIFSIGNALED(status)) return "it ended by signal " + std::to_string(WTERMSIG(status)) + "\n" + said;
    if (WEXITSTATUS(status) != 0) return "its exit code is " + std::to_string(WEXITSTATUS(status)) + "\n" + said;
    return {};
}

}  // namespace attack
