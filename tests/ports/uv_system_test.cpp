// What libuv promises of processes, signals, files and the thread pool: its test/test-spawn.c, test-signal.c,
// test-fs.c, test-fs-*.c, test-threadpool*.c and test-getaddrinfo.c.
#include "bytes.hpp"
#include "io/scratch_directory.hpp"
#include "port.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace ports;
using tests::bytes_of;
using tests::text_of;

namespace {

bf::command shell(const char* script) { return bf::command{"sh", "-c", script}; }

}  // namespace

PORT_OF_IO("libuv test-spawn spawn_exit_code: the exit code is told") {
    auto child = shell("exit 7").spawn().value();
    const auto ended = AWAIT(child.wait());
    CHECK(ended->code() == 7);
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_fails: a program that is not there is ENOENT, and nothing was started") {
    const auto none = bf::command{"./program-that-does-not-exist"}.spawn();
    CHECK(none.error() == std::errc::no_such_file_or_directory);
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_fails_check_for_waitpid_cleanup: a failed start leaves no child") {
    const auto none = bf::command{"/"}.spawn();
    CHECK_FALSE(none.has_value());
    AWAIT(bf::yield_now());
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_empty_env: an empty environment is empty") {
    auto env = bf::command{"/usr/bin/env"};
    env.env_clear();
    const auto ended = AWAIT(env.output());
    CHECK(ended->standard_output.empty());
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_stdout: what the child writes is collected") {
    auto child = shell("echo hello world");
    const auto ended = AWAIT(child.output());
    CHECK(ended->standard_output == "hello world\n");
    CHECK(ended->status.success());
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_stdout_and_stderr_to_file2's sibling: both outputs come apart") {
    auto child = shell("echo out; echo err >&2");
    const auto ended = AWAIT(child.output());
    CHECK(ended->standard_output == "out\n");
    CHECK(ended->standard_error == "err\n");
    RETURN;
}

PORT_OF_IO("libuv test-spawn environment_creation: variables are set, left out and inherited") {
    auto child = shell("echo $PORT_SET; echo ${HOME-none}");
    child.env("PORT_SET", "yes").env_remove("HOME");
    const auto ended = AWAIT(child.output());
    CHECK(ended->standard_output == "yes\nnone\n");
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_with_an_odd_path, cwd: the working directory is the one that was asked for") {
    const tests::scratch_directory scratch;
    auto child = shell("pwd -P");
    child.directory(scratch.path());
    const auto ended = AWAIT(child.output());
    CHECK(ended->standard_output == std::filesystem::canonical(scratch.path()).string() + "\n");
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_and_kill: a killed child ends by its signal") {
    auto child = shell("exec sleep 1000").spawn().value();
    CHECK(child.kill(SIGTERM).has_value());
    const auto ended = AWAIT(child.wait());
    CHECK(ended->signal() == SIGTERM);
    CHECK_FALSE(child.kill(SIGTERM).has_value());
    RETURN;
}

PORT_OF_IO("libuv test-spawn kill with signal 0: asks whether the child is there") {
    auto child = shell("exec sleep 1000").spawn().value();
    CHECK(child.kill(0).has_value());
    CHECK(child.kill().has_value());
    const auto ended = AWAIT(child.wait());
    CHECK(ended->signal() == SIGKILL);
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_detached: a child that leads a session is not this one's") {
    auto child = shell("ps -o sid= -p $$ | tr -d ' '; echo $$");
    child.new_session();
    const auto ended = AWAIT(child.output());
    const auto cut = ended->standard_output.find('\n');
    CHECK(ended->standard_output.substr(0, cut) == ended->standard_output.substr(cut + 1, cut));
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_closed_process_io's sibling: many children at a time, each with its own code") {
    std::vector<bf::process> all;
    for (int n = 0; n < 20; ++n) all.push_back(bf::command{"sh", "-c", "exit " + std::to_string(n)}.spawn().value());
    for (int n = 0; n < 20; ++n) {
        const auto ended = AWAIT(all[static_cast<std::size_t>(n)].wait());
        CHECK(ended->code() == n);
    }
    RETURN;
}

PORT_OF_IO("libuv test-spawn spawn_reads_child_path: a name without a slash is looked for in the PATH") {
    const auto found = AWAIT(bf::command{"true"}.output());
    CHECK(found->status.success());
    RETURN;
}

PORT_OF_IO("libuv test-signal we_get_signal: a signal that was raised is told") {
    bf::signal_set of{SIGCHLD};
    CHECK(::raise(SIGCHLD) == 0);
    const auto got = AWAIT(of.next());
    CHECK(got.value() == SIGCHLD);
    RETURN;
}

PORT_OF_IO("libuv test-signal we_get_signals: several watchers of one signal are all told") {
    bf::signal_set one{SIGUSR1};
    bf::signal_set two{SIGUSR1, SIGUSR2};
    CHECK(::raise(SIGUSR1) == 0);
    const auto first = AWAIT(one.next());
    const auto second = AWAIT(two.next());
    CHECK(first.value() == SIGUSR1);
    CHECK(second.value() == SIGUSR1);
    RETURN;
}

PORT_OF_IO("libuv test-signal-multiple-loops's sibling: a watcher that ended is told nothing, the other is") {
    bf::signal_set stays{SIGUSR2};
    { const bf::signal_set ends{SIGUSR2}; }
    CHECK(::raise(SIGUSR2) == 0);
    const auto got = AWAIT(stays.next());
    CHECK(got.value() == SIGUSR2);
    CHECK_FALSE(stays.try_next().has_value());
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_file_noent, fs_file_nametoolong: errors of open are the system's") {
    const auto none = AWAIT(bf::file::open("does_not_exist"));
    CHECK(none.error() == std::errc::no_such_file_or_directory);
    const std::string name(5'000, 'x');
    const auto endless = AWAIT(bf::file::open(name));
    CHECK(endless.error() == std::errc::filename_too_long);
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_file_async: a file is made, written, read back, cut and removed") {
    const tests::scratch_directory scratch;
    const std::string path = scratch / "file";
    {
        auto made = AWAIT(bf::file::create(path));
        const auto wrote = AWAIT(made->write_all_at(bytes_of("test-buffer\n"), 0));
        CHECK(wrote.value() == 12);
        const auto cut = AWAIT(made->truncate(7));
        CHECK(cut.has_value());
        const auto closed = AWAIT(std::move(*made).close());
        CHECK(closed.has_value());
    }
    auto opened = AWAIT(bf::file::open(path));
    std::array<std::byte, 32> buffer{};
    const auto got = AWAIT(opened->read_at(buffer, 0));
    CHECK(text_of(std::span{buffer}.first(got.value())) == "test-bu");
    const auto removed = AWAIT(bf::remove_file(path));
    CHECK(removed.has_value());
    CHECK(scratch.entries() == 0);
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_read_bufs, fs_read_file_eof: a read at the end of a file is 0") {
    const tests::scratch_directory scratch;
    const std::string path = scratch.with_file("file", "some text");
    auto opened = AWAIT(bf::file::open(path));
    std::array<std::byte, 32> buffer{};
    const auto all = AWAIT(opened->read_at(buffer, 0));
    CHECK(all.value() == 9);
    const auto end = AWAIT(opened->read_at(buffer, 9));
    CHECK(end.value() == 0);
    const auto beyond = AWAIT(opened->read_at(buffer, 1'000));
    CHECK(beyond.value() == 0);
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_file_open_append: an appending write goes to the end") {
    const tests::scratch_directory scratch;
    const std::string path = scratch.with_file("file", "first");
    bf::open_options how;
    how.read = false;
    how.write = true;
    auto opened = AWAIT(bf::file::open(path, how));
    (void)AWAIT(opened->append(bytes_of(" second")));
    CHECK(tests::contents(path) == "first second");
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_mkdir, fs_scandir_file, fs_rename_to_existing_file") {
    const tests::scratch_directory scratch;
    const auto made = AWAIT(bf::create_directory(scratch / "dir"));
    CHECK(made.has_value());
    const auto again = AWAIT(bf::create_directory(scratch / "dir"));
    CHECK(again.error() == std::errc::file_exists);
    (void)scratch.with_file("one", "1");
    (void)scratch.with_file("two", "2");
    const auto no_directory = AWAIT(bf::directory::open(scratch / "one"));
    CHECK(no_directory.error() == std::errc::not_a_directory);
    const auto moved = AWAIT(bf::rename(scratch / "one", scratch / "two"));
    CHECK(moved.has_value());
    CHECK(tests::contents(scratch / "two") == "1");
    const auto kept = AWAIT(bf::rename_new(scratch / "two", scratch / "dir"));
    CHECK(kept.error() == std::errc::file_exists);
    RETURN;
}

PORT_OF_IO(
    "libuv test-fs fs_scandir_empty_dir, fs_readdir_non_empty_dir: entries are told with their kinds, once each") {
    const tests::scratch_directory scratch;
    {
        auto empty = AWAIT(bf::directory::open(scratch.path()));
        const auto none = AWAIT(empty->next());
        CHECK_FALSE(none->has_value());
    }
    for (int n = 0; n < 50; ++n) (void)scratch.with_file("file" + std::to_string(n), "");
    (void)AWAIT(bf::create_directory(scratch / "sub"));
    auto opened = AWAIT(bf::directory::open(scratch.path()));
    std::vector<std::string> names;
    int directories = 0;
    for (;;) {
        const auto entry = AWAIT(opened->next());
        if (!entry || !*entry) break;
        names.push_back((*entry)->name);
        if ((*entry)->kind == bf::file_kind::directory) ++directories;
    }
    CHECK(names.size() == 51);
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
    CHECK(directories == 1);
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_unlink_readonly, fs_rmdir of a full directory: refused as the system says") {
    const tests::scratch_directory scratch;
    (void)AWAIT(bf::create_directory(scratch / "dir"));
    (void)scratch.with_file("dir/file", "");
    const auto full = AWAIT(bf::remove_directory(scratch / "dir"));
    CHECK(full.error() == std::errc::directory_not_empty);
    const auto none = AWAIT(bf::remove_file(scratch / "none"));
    CHECK(none.error() == std::errc::no_such_file_or_directory);
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_symlink, fs_readlink: a link is read, and metadata tells it from what it leads to") {
    const tests::scratch_directory scratch;
    (void)scratch.with_file("target", "12345");
    std::filesystem::create_symlink("target", scratch / "link");
    const auto leads = AWAIT(bf::read_link(scratch / "link"));
    CHECK(leads.value() == "target");
    const auto through = AWAIT(bf::metadata(scratch / "link"));
    CHECK(through->size_bytes == 5);
    const auto itself = AWAIT(bf::symlink_metadata(scratch / "link"));
    CHECK(itself->kind == bf::file_kind::symlink);
    const auto no_link = AWAIT(bf::read_link(scratch / "target"));
    CHECK(no_link.error() == std::errc::invalid_argument);
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_fstat: size and kind of an open file") {
    const tests::scratch_directory scratch;
    auto opened = AWAIT(bf::file::open(scratch.with_file("file", "1234567")));
    const auto size = AWAIT(opened->size());
    CHECK(size.value() == 7);
    const auto about = AWAIT(opened->metadata());
    CHECK(about->kind == bf::file_kind::regular);
    RETURN;
}

PORT_OF_IO("libuv test-fs fs_mkstemp: temporary files have different names and are removed with their owners") {
    const tests::scratch_directory scratch;
    auto one = AWAIT(bf::create_temporary(scratch.path()));
    auto two = AWAIT(bf::create_temporary(scratch.path()));
    CHECK(one.has_value());
    CHECK(two.has_value());
    RETURN;
}

PORT_OF_IO("libuv test-fs-copyfile: the copy has the bytes, also of an empty file") {
    const tests::scratch_directory scratch;
    const std::string text(100'000, 'z');
    (void)scratch.with_file("from", text);
    (void)scratch.with_file("empty", "");
    const auto copied = AWAIT(bf::copy_file(scratch / "from", scratch / "to"));
    CHECK(copied.has_value());
    CHECK(tests::contents(scratch / "to") == text);
    const auto nothing = AWAIT(bf::copy_file(scratch / "empty", scratch / "to"));
    CHECK(nothing.has_value());
    CHECK(tests::contents(scratch / "to").empty());
    const auto none = AWAIT(bf::copy_file(scratch / "none", scratch / "to"));
    CHECK(none.error() == std::errc::no_such_file_or_directory);
    RETURN;
}

PORT_OF_IO("libuv test-threadpool: work runs on another thread, and what comes after it sees it") {
    const auto here = std::this_thread::get_id();
    bool ran = false;
    const auto there = AWAIT(bf::spawn_blocking([&ran] {
        ran = true;
        return std::this_thread::get_id();
    }));
    CHECK(ran);
    CHECK(there != here);
    RETURN;
}

PORT_OF_IO("libuv test-getaddrinfo: localhost is found, and a name that cannot be is an error") {
    const auto found = AWAIT(bf::resolve("localhost", "80"));
    CHECK((found.has_value() && !found->empty()));
    const std::string endless(300, 'a');
    const auto none = AWAIT(bf::resolve(endless, "80"));
    CHECK_FALSE(none.has_value());
    RETURN;
}
