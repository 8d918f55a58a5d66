// What a command says reaches the program; what cannot be started says why and leaves nothing. Both drivers.
#include <bifilar/io/process/command.hpp>
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "environment.hpp"
#include "io/programs.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using tests::output_of;
using tests::shell;
using tests::warm_up;

TEST_CASE("arguments_environment_and_directory_reach_the_program") {
    const tests::environment_variable kept{"BIFILAR_TEST_KEPT", "kept"};
    CHECK(output_of(bf::command{"printf", "%s|"}.arg("a b").arg("").arg("$HOME")) == "a b||$HOME|");
    CHECK(output_of(shell("echo $BIFILAR_TEST_KEPT $NEW").env("NEW", "new=1")) == "kept new=1\n");
    CHECK(output_of(shell("echo $BIFILAR_TEST_KEPT").env("BIFILAR_TEST_KEPT", "other")) == "other\n");
    CHECK(output_of(shell("echo ${BIFILAR_TEST_KEPT-gone}").env_remove("BIFILAR_TEST_KEPT")) == "gone\n");
    CHECK(output_of(bf::command{"env"}.env("OLD", "1").env_clear().env("ONLY", "this")) == "ONLY=this\n");
    CHECK(output_of(bf::command{"pwd"}.directory("/usr")) == "/usr\n");
}

TEST_CASE("streams_lead_where_they_are_sent") {
    auto pipe = bf::make_pipe().value();
    auto& [from, to] = pipe;
    ::fcntl(to.descriptor(), F_SETFL, ::fcntl(to.descriptor(), F_GETFL) & ~O_NONBLOCK);
    auto both = shell("echo out; echo err >&2");
    both.standard_output(bf::stdio::descriptor(to.descriptor())).standard_error(bf::stdio::descriptor(to.descriptor()));
    CHECK(bf::block_on(both.output()).value().standard_output.empty());
    std::string got(8, '\0');
    CHECK(bf::block_on(from.read_exact(std::as_writable_bytes(std::span{got}))).value() == 8);
    CHECK(got == "out\nerr\n");
    // No input, and what writes to nowhere is no error.
    CHECK(output_of(bf::command{"cat"}).empty());
    CHECK(output_of(shell("echo lost").standard_output(bf::stdio::null())).empty());
    // The numbers 0 to 2 themselves may be given, in any order.
    auto swapped = shell("echo to-error; echo to-output >&2");
    swapped.standard_output(bf::stdio::descriptor(2)).standard_error(bf::stdio::null());
    CHECK(bf::block_on(swapped.output()).value().standard_error.empty());
}

TEST_CASE("a_program_has_no_descriptors_but_its_streams_and_no_signals_blocked_or_ignored") {
    auto pipe = bf::make_pipe().value();
    bf::runtime rt{both::small_runtime()};
    const auto former = std::signal(SIGUSR2, SIG_IGN);
    sigset_t blocked;
    sigset_t unblocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &unblocked);
    // The one above 2 is that of the folder itself.
    const std::string seen = output_of(bf::command{"sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"});
    const std::string signals = output_of(bf::command{"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"});
    ::pthread_sigmask(SIG_SETMASK, &unblocked, nullptr);
    std::signal(SIGUSR2, former);
    // What the tests themselves were started with goes along, and the folder that is listed is open in it.
    std::set<int> allowed{0, 1, 2};
    for (int number = 3; number < 1'024; ++number)
        if (const int flags = ::fcntl(number, F_GETFD); flags >= 0 && (flags & FD_CLOEXEC) == 0) allowed.insert(number);
    int others = 0;
    std::istringstream numbers{seen};
    for (int number = 0; numbers >> number;) others += allowed.contains(number) ? 0 : 1;
    CHECK(others == 1);
    // The C library ignores its own two signals, 32 and 33, in what it spawns.
    constexpr unsigned long own = 0x180000000;
    std::string name;
    std::string mask;
    std::istringstream lines{signals};
    while (lines >> name >> mask) CHECK((std::stoul(mask, nullptr, 16) & ~own) == 0);
    CHECK(name == "SigIgn:");
}

TEST_CASE("what_cannot_be_started_says_why_and_leaves_nothing") {
    // Folders that the user may not search would make it permission_denied.
    const tests::environment_variable path{"PATH", "/usr/bin:/bin"};
    warm_up();
    tests::await_no_children();  // Those of earlier tests.
    const std::size_t before = tests::open_descriptors();
    const auto error_of = [](const bf::command& what) { return what.spawn().error(); };
    CHECK(error_of(bf::command{"bifilar-no-such-program"}) == std::errc::no_such_file_or_directory);
    CHECK(error_of(bf::command{"/no/such/program"}) == std::errc::no_such_file_or_directory);
    CHECK(error_of(bf::command{"/etc"}) == std::errc::permission_denied);
    CHECK(error_of(bf::command{"/etc/passwd"}) == std::errc::permission_denied);
    CHECK(error_of(bf::command{"true"}.directory("/no/such/folder")) == std::errc::no_such_file_or_directory);
    CHECK(error_of(bf::command{"true"}.arg(std::string{"a\0b", 3})) == std::errc::invalid_argument);
    CHECK(error_of(bf::command{"true"}.env("A=B", "c")) == std::errc::invalid_argument);
    CHECK(error_of(bf::command{"true"}.arg(std::string(3'000'000, 'x'))) == std::errc::argument_list_too_long);
    CHECK(error_of(bf::command{"true"}.standard_output(bf::stdio::descriptor(-1))) == std::errc::bad_file_descriptor);
    CHECK(bf::block_on(bf::command{"/no/such/program"}.output()).error() == std::errc::no_such_file_or_directory);
    CHECK(tests::open_descriptors() == before);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a_lack_of_descriptors_at_any_point_of_a_start_leaks_nothing") {
    warm_up();
    auto piped = bf::command{"true"};
    piped.standard_input(bf::stdio::pipe()).standard_output(bf::stdio::pipe()).standard_error(bf::stdio::pipe());
    const std::size_t before = tests::open_descriptors();
    rlimit former{};
    ::getrlimit(RLIMIT_NOFILE, &former);
    // The lowest free number, above which so many descriptors may be opened.
    const int free = ::dup(STDOUT_FILENO);
    ::close(free);
    int refused = 0;
    for (int room = 0; room < 12; ++room) {
        const rlimit limit{static_cast<rlim_t>(free + room), former.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &limit);
        auto started = piped.spawn();
        ::setrlimit(RLIMIT_NOFILE, &former);
        if (started) continue;
        CHECK(started.error() == std::errc::too_many_files_open);
        ++refused;
    }
    CHECK(refused >= 7);
    tests::await_no_children();
    while (tests::open_descriptors() > before) std::this_thread::yield();  // The reaper closes the last ones.
    CHECK(tests::open_descriptors() == before);
}
