// Starts a program: everything is made ready first, so that between fork and exec only the C library's code runs.
#include <bifilar/io/process/command.hpp>

#include "child_reaper.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bifilar {
namespace {

// The system call and not its wrapper, which the C library has only lately. Closed at exec of itself.
owned_descriptor open_pidfd(pid_t id) noexcept {
    return owned_descriptor{static_cast<int>(::syscall(SYS_pidfd_open, id, 0))};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

// Our end and the program's end of one stream; a program's end of -1 is opened there or inherited.
struct stream_ends {
    owned_descriptor ours;
    owned_descriptor theirs;
};

io_result<stream_ends> open_ends(const stdio& where, bool program_reads) noexcept {
    stream_ends made;
    int lent = where.number();
    if (where.what() == stdio::kind::pipe) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return io_failure(errno);
        made.ours = owned_descriptor{ends[program_reads ? 1 : 0]};
        made.theirs = owned_descriptor{ends[program_reads ? 0 : 1]};
        lent = made.theirs.get();
    } else if (where.what() != stdio::kind::descriptor) {
        return made;
    }
    // Never one of the three numbers: another stream is put there before this one is used.
    if (made.theirs.get() > STDERR_FILENO) return made;
    owned_descriptor copy{::fcntl(lent, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    if (!copy) return io_failure(errno);
    made.theirs = std::move(copy);
    return made;
}

// What the C library does in the new process before exec. The first error counts.
class spawn_plan {
public:
    spawn_plan() noexcept : error_{::posix_spawn_file_actions_init(&actions_)} {
        keep(::posix_spawnattr_init(&attributes_));
    }
    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;
    ~spawn_plan() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }

    void set_stream(int number, const stdio& where, const stream_ends& ends) noexcept {
        if (where.what() == stdio::kind::null)
            keep(::posix_spawn_file_actions_addopen(&actions_, number, "/dev/null",
                                                    number == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0));
        else if (ends.theirs)
            keep(::posix_spawn_file_actions_adddup2(&actions_, ends.theirs.get(), number));
    }
    void set_directory(const std::string& path) noexcept {
        keep(::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()));
    }
    void set_attributes(bool new_group, bool new_session) noexcept {
        // A program begins with no signal blocked or ignored, whatever this process does.
        sigset_t signals;
        ::sigemptyset(&signals);
        keep(::posix_spawnattr_setsigmask(&attributes_, &signals));
        ::sigfillset(&signals);
        keep(::posix_spawnattr_setsigdefault(&attributes_, &signals));
        keep(::posix_spawnattr_setpgroup(&attributes_, 0));
        int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        // A session's leader leads a group already, and may not make another.
        if (new_group && !new_session) flags |= POSIX_SPAWN_SETPGROUP;
        if (new_session) flags |= POSIX_SPAWN_SETSID;
        keep(::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags)));
    }

    [[nodiscard]] io_result<pid_t> run(const char* program, char* const* arguments, char* const* environment) noexcept {
        pid_t made = 0;
        if (error_ == 0) keep(::posix_spawnp(&made, program, &actions_, &attributes_, arguments, environment));
        if (error_ != 0) return io_failure(error_);
        return made;
    }

private:
    void keep(int error) noexcept {
        if (error_ == 0) error_ = error;
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
    int error_;
};

// For a program that runs but cannot be held: it is ended, which takes no longer than the kernel needs for that.
void end_now(pid_t id) noexcept {
    ::kill(id, SIGKILL);
    while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
    }
}

template <class End>
io_result<std::optional<End>> adopt(owned_descriptor ours) {
    if (!ours) return std::optional<End>{};
    io_result<End> end = End::adopt(std::move(ours));
    if (!end) return std::unexpected{end.error()};
    return std::optional<End>{std::move(*end)};
}

}  // namespace

io_result<process> command::spawn_with(const std::array<stdio, 3>& streams) const {
    if (!is_well_formed()) return io_failure(EINVAL);
    if (const auto ready = detail::child_reaper::ours().prepare(); !ready) return std::unexpected{ready.error()};
    std::array<stream_ends, 3> ends;
    spawn_plan plan;
    for (std::size_t n = 0; n < ends.size(); ++n) {
        io_result<stream_ends> opened = open_ends(streams[n], n == STDIN_FILENO);
        if (!opened) return std::unexpected{opened.error()};
        ends[n] = std::move(*opened);
        plan.set_stream(static_cast<int>(n), streams[n], ends[n]);
    }
    // Our ends before the program runs, so that what fails here leaves nothing to end.
    auto input = adopt<pipe_writer>(std::move(ends[STDIN_FILENO].ours));
    auto output = adopt<pipe_reader>(std::move(ends[STDOUT_FILENO].ours));
    auto error = adopt<pipe_reader>(std::move(ends[STDERR_FILENO].ours));
    for (const auto* const failed : {&output, &error})
        if (!*failed) return std::unexpected{failed->error()};
    if (!input) return std::unexpected{input.error()};
    if (directory_) plan.set_directory(*directory_);
    plan.set_attributes(new_process_group_, new_session_);

    std::vector<std::string> arguments = arguments_;
    std::vector<std::string> variables = environment();
    const std::vector<char*> argument_pointers = pointers_to(arguments);
    const std::vector<char*> variable_pointers = pointers_to(variables);
    // Before anything runs, so that no program is left without an owner where memory is used up.
    auto made = std::make_unique<detail::child>(kill_on_drop_);
    // Shows before anything runs whether the kernel knows pidfds, and that there is room for one.
    owned_descriptor pidfd = open_pidfd(::getpid());
    if (!pidfd) return io_failure(errno);
    const io_result<pid_t> id =
        plan.run(arguments_.front().c_str(), argument_pointers.data(), variable_pointers.data());
    if (!id) return std::unexpected{id.error()};
    // Its place is free for the program's own.
    pidfd.reset();
    pidfd = open_pidfd(*id);
    if (!pidfd) {
        const int failed = errno;
        if (failed == ESRCH) return io_failure(ECHILD);  // It has ended, and the kernel forgot it: SIGCHLD is ignored.
        end_now(*id);
        return io_failure(failed);
    }
    made->begin(*id, std::move(pidfd));
    return process{detail::child_ptr{made.release()}, std::move(*input), std::move(*output), std::move(*error)};
}

}  // namespace bifilar
