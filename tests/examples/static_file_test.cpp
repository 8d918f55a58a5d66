// Files below a folder where the kernel refuses to look, or asks to be asked again.
#include "drivers/answered_calls.hpp"
#include "http/static_file.hpp"
#include "io/scratch_directory.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <thread>

using tests::scratch_directory;

namespace {

// What open_root says; empty when it opens the folder.
std::string refusal(const std::string& folder) {
    try {
        (void)http::open_root(folder);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

// Runs `body` on a thread whose first calls of openat2, so many of them, are answered with EAGAIN, and whose others the
// kernel makes. False: no thread can answer another one's calls here, and the body did not run.
template <class Body>
bool with_calls_to_repeat(int times, Body body) {
    std::array<sock_filter, 4> code{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{code.size(), code.data()};
    std::promise<int> listening;
    std::atomic<bool> over{false};
    std::thread asking{[&] {
        const bool may = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
        const long made =
            may ? ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) : -1;
        listening.set_value(static_cast<int>(made));
        if (made >= 0) body();
        over.store(true);
    }};
    const bifilar::owned_descriptor listener{listening.get_future().get()};
    while (listener && !over.load()) {
        // Kernels before 5.9 do not say that the thread has ended.
        pollfd waiting{listener.get(), POLLIN, 0};
        if (::poll(&waiting, 1, 20) <= 0 || (waiting.revents & POLLIN) == 0) continue;
        seccomp_notif asked{};
        if (::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) continue;
        seccomp_notif_resp answered{};
        answered.id = asked.id;
        if (times-- > 0)
            answered.error = -EAGAIN;
        else
            answered.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        (void)::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &answered);
    }
    asking.join();
    if (!listener) WARN("skipped: no thread can answer another one's system calls here");
    return static_cast<bool>(listener);
}

}  // namespace

TEST_CASE("a_folder_is_refused_where_no_file_could_be_served") {
    const scratch_directory here;
    CHECK(refusal(here.path()).empty());
    CHECK(refusal(here / "nothing").find("give a folder that can be read") != std::string::npos);
    for (const int error : {EPERM, ENOSYS}) {
        INFO("errno " << error);
        std::string said;
        if (!tests::with_answered_call(SYS_openat2, error, [&] { said = refusal(here.path()); })) return;
        CHECK(said.find("openat2") != std::string::npos);
    }
}

TEST_CASE("a_path_that_cannot_be_followed_for_renames_is_given_up") {
    const scratch_directory here;
    (void)here.with_file("file", "text");
    const auto root = http::open_root(here.path());
    int status = 0;
    const auto look = [&] { status = http::open_below(root.get(), "file").status; };
    if (!tests::with_answered_call(SYS_openat2, EAGAIN, look)) return;
    CHECK(status == 503);
}

TEST_CASE("a_path_in_the_cache_of_names_is_opened_without_a_wait") {
    const scratch_directory here;
    (void)here.with_file("file", "text");
    const auto root = http::open_root(here.path());
    CHECK(http::open_below(root.get(), "file").status == 200);
    const auto again = http::open_cached_below(root.get(), "file");
    if (!again) SUCCEED("a kernel before 5.12, or one that needs its memory");
    if (again) {
        CHECK(again->status == 200);
        CHECK(again->file.bytes == 4);
        CHECK((::fcntl(again->file.file->descriptor(), F_GETFL) & O_NONBLOCK) == 0);
    }
    // What is not there, or not below, is so here as well, unless it has to be looked for.
    for (const char* const path : {"nothing", "../file", "."}) {
        INFO(path);
        const int status = http::open_below(root.get(), path).status;
        const auto cached = http::open_cached_below(root.get(), path);
        CHECK((!cached || cached->status == status));
    }
}

TEST_CASE("a_kernel_that_cannot_look_into_its_cache_is_asked_elsewhere") {
    const scratch_directory here;
    (void)here.with_file("file", "text");
    const auto root = http::open_root(here.path());
    for (const int error : {EINVAL, EAGAIN}) {
        INFO("errno " << error);
        bool opened = true;
        const auto look = [&] { opened = http::open_cached_below(root.get(), "file").has_value(); };
        if (!tests::with_answered_call(SYS_openat2, error, look)) return;
        CHECK_FALSE(opened);
    }
}

// The kernel cannot tell whether ".." left the folder when anything at all is renamed meanwhile, and gives EAGAIN.
TEST_CASE("a_path_upwards_is_found_after_renames") {
    const scratch_directory here;
    (void)here.with_file("file", "text");
    std::filesystem::create_directory(here / "below");
    const auto root = http::open_root(here.path());
    int status = 0;
    const auto look = [&] { status = http::open_below(root.get(), "below/../file").status; };
    if (!with_calls_to_repeat(3, look)) return;
    CHECK(status == 200);
}
