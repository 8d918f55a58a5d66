// The matrix of programs and of signals.
#include "io/io_matrix.hpp"
#include "io/programs.hpp"
#include "io/scratch_directory.hpp"
#include "uninterrupted.hpp"
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/process/command.hpp>
#include <bifilar/io/process/ctrl_c.hpp>
#include <bifilar/io/process/signal_set.hpp>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using tests::fault;
namespace bf = bifilar;
using bf::op_kind;

namespace {

/// Waits for a program that ends with its standard input, which let() closes.
class wait_scene {
public:
    static constexpr const char* name = "wait of a process";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::poll_in, ENOMEM}, fault{op_kind::poll_in, EBADF}};

    wait_scene() = default;
    wait_scene(const wait_scene&) = delete;
    wait_scene& operator=(const wait_scene&) = delete;
    // Its end is awaited here: of one that runs when it is dropped, a thread of the library keeps a descriptor.
    ~wait_scene() {
        let();
        await_end();
        (void)program_.try_wait();
    }

    auto start() { return program_.wait(); }
    void let() { program_.standard_input().close(); }
    static bool succeeded(const bf::io_result<bf::exit_status>& output) { return output && output->success(); }
    // Somebody else waits for it.
    int break_it() {
        let();
        REQUIRE(tests::uninterrupted([&] { return ::waitpid(program_.id(), nullptr, 0); }) == program_.id());
        return ECHILD;
    }
    static bool conserved(bool) { return true; }

private:
    // Takes no status: that is for the library to do. Also when there is none any more.
    void await_end() const {
        siginfo_t ended{};
        (void)tests::uninterrupted(
            [&] { return ::waitid(P_PID, static_cast<id_t>(program_.id()), &ended, WEXITED | WNOWAIT); });
    }

    bf::process program_ = bf::command{"cat"}.standard_input(bf::stdio::pipe()).spawn().value();
};

/// Waits for a program that speaks when its standard input ends, which let() sees to, for all that will be started too.
/// It reads nothing: one that is killed could take it from the next.
class output_scene {
public:
    static constexpr const char* name = "output of a command";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr std::uint64_t in_flight = 2;  // Both streams; the end is waited for behind theirs.
    static constexpr std::array faults{fault{op_kind::read, EIO}, fault{op_kind::poll_in, ENOMEM}};
    static constexpr std::array breaks{ENOENT, ENOTDIR, EACCES, ENOEXEC, E2BIG, EINVAL, EMFILE, EMSGSIZE};

    output_scene() = default;
    output_scene(const output_scene&) = delete;
    output_scene& operator=(const output_scene&) = delete;
    // Programs that were killed leave a moment later, and a thread of the library keeps their descriptors until then.
    ~output_scene() {
        no_descriptors_.reset();
        let();
        tests::await_no_children();
        while (tests::open_descriptors() > descriptors_) std::this_thread::yield();
    }

    auto start() { return what_.output(limits_); }
    void let() { writer_ = bf::owned_descriptor{}; }
    static bool succeeded(const bf::io_result<bf::process_output>& output) {
        return output && output->status.success() && output->standard_output == "line\n";
    }
    void break_with(int error) {
        switch (error) {
            case ENOENT:
                what_ = bf::command{here_ / "nothing"};
                break;
            case ENOTDIR:
                what_.directory(here_.with_file("file", ""));
                break;
            case EACCES:  // Root may not execute this either.
                what_ = bf::command{here_.with_file("text", "text")};
                break;
            case ENOEXEC:
                what_ = bf::command{here_.with_file("text", "text")};
                REQUIRE(::chmod((here_ / "text").c_str(), 0700) == 0);
                break;
            case E2BIG:
                what_.arg(std::string(4 << 20, 'x'));
                break;
            case EINVAL:
                what_.arg(std::string(1, '\0'));
                break;
            case EMFILE:
                no_descriptors_.emplace();
                break;
            default:
                limits_.standard_output_bytes = 4;
        }
    }
    static bool conserved(bool) { return true; }

private:
    bf::owned_descriptor open_pipe() {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        writer_ = bf::owned_descriptor{ends[1]};
        return bf::owned_descriptor{ends[0]};
    }

    const tests::scratch_directory here_;
    std::optional<tests::no_descriptors_left> no_descriptors_;
    bf::output_limits limits_;
    bf::owned_descriptor writer_;
    const bf::owned_descriptor input_ = open_pipe();
    bf::command what_ = tests::shell("read line; echo line").standard_input(bf::stdio::descriptor(input_.get()));
    const std::size_t descriptors_ = tests::open_descriptors() - 1;  // Behind all that opens some; let() closes one.
};

class signal_scene {
public:
    static constexpr const char* name = "next of a signal_set";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr bool calls_only_to_wait = true;
    static constexpr std::array faults{fault{op_kind::read, ENOMEM}, fault{op_kind::read, EIO}};

    auto start() { return set_.next(); }
    void let() {
        REQUIRE(::raise(signal_) == 0);
        came_ = true;
    }
    bool succeeded(const bf::io_result<int>& output) {
        const bool came = std::exchange(came_, false);
        return came && output && *output == signal_;
    }
    // What came and was told to nobody is told now.
    bool conserved(bool) { return set_.try_next().has_value() == came_; }

private:
    // By turns: each set gets each of its signals, and two scenes may be there at a time.
    static inline int next_signal = SIGUSR1;
    const int signal_ = std::exchange(next_signal, SIGUSR1 + SIGUSR2 - next_signal);
    bf::signal_set set_{signal_};
    bool came_ = false;
};

/// To the process the signal has come for good, so the scene does what its handler does, and takes it back.
class ctrl_c_scene {
public:
    static constexpr const char* name = "ctrl_c";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr std::array faults{fault{op_kind::poll_in, ENOMEM}, fault{op_kind::poll_in, ENOSPC}};

    ctrl_c_scene() = default;
    ctrl_c_scene(const ctrl_c_scene&) = delete;
    ctrl_c_scene& operator=(const ctrl_c_scene&) = delete;
    ~ctrl_c_scene() { take_back(); }

    static auto start() { return bf::ctrl_c(); }
    void let() {
        const std::uint64_t one = 1;
        REQUIRE(::write(watched_.get(), &one, sizeof one) == sizeof one);
    }
    bool succeeded(const bf::io_result<void>& output) {
        const bool came = has_come();
        take_back();
        return came && output.has_value();
    }
    // Whoever hears of it takes nothing.
    bool conserved(bool) {
        const bool came = has_come();
        return bf::await(bf::timeout(bf::ctrl_c(), std::chrono::milliseconds{came ? 10'000 : 0})).has_value() == came;
    }

private:
    // Each wait has a descriptor of its own for what all of them watch: the lowest that is free.
    static bf::owned_descriptor watched() {
        const int lowest = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
        REQUIRE(lowest >= 0);
        ::close(lowest);
        const auto wait = bf::ctrl_c();
        return bf::owned_descriptor{::fcntl(lowest, F_DUPFD_CLOEXEC, 0)};
    }
    [[nodiscard]] bool has_come() const {
        pollfd come{watched_.get(), POLLIN, 0};
        return tests::uninterrupted([&] { return ::poll(&come, 1, 0); }) == 1;
    }
    void take_back() const {
        std::uint64_t count = 0;
        if (has_come()) REQUIRE(::read(watched_.get(), &count, sizeof count) == sizeof count);
    }

    const bf::owned_descriptor watched_ = watched();
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_program_leaves_nothing_of_it", "", wait_scene, output_scene) {
    tests::warm_up();
    tests::run_matrix<TestType>();
}

TEST_CASE("every_fate_of_the_wait_for_a_signal_conserves_it") { tests::run_matrix<signal_scene>(); }

TEST_CASE("every_fate_of_the_wait_for_ctrl_c_takes_nothing_from_others") {
    (void)bf::block_on(bf::timeout(bf::ctrl_c(), std::chrono::milliseconds{1}));  // Opens what stays open.
    tests::run_matrix<ctrl_c_scene>();
}
