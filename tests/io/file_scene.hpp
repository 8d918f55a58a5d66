// What scenes of files are made of: calls that wait for the pool's only thread until they are let, and paths that fail.
#pragma once

#include "io/io_matrix.hpp"
#include "io/scratch_directory.hpp"
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/io/files/file_system.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tests {

/// Has the only thread of the blocking pool until it lets go of it, so that calls which need one wait.
class held_pool {
public:
    held_pool() : job_{bf::spawn_blocking(&held_pool::hold, std::ref(at_))} { at_.wait(held::not_yet); }
    held_pool(const held_pool&) = delete;
    held_pool& operator=(const held_pool&) = delete;
    ~held_pool() {
        let_go();
        bf::await(std::move(job_));
    }

    void let_go() {
        at_ = held::no_more;
        at_.notify_all();
    }

private:
    enum class held { not_yet, now, no_more };

    static void hold(std::atomic<held>& at) {
        at = held::now;
        at.notify_all();
        at.wait(held::now);
    }

    std::atomic<held> at_{held::not_yet};
    bf::join_handle<void> job_;
};

/// For as long as it lives, files may not grow beyond a page. What exceeds that is EFBIG and no signal.
class small_files {
public:
    static constexpr rlim_t max_bytes = 4096;

    small_files() : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &former_) == 0);
        const rlimit small{max_bytes, former_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    }
    small_files(const small_files&) = delete;
    small_files& operator=(const small_files&) = delete;
    ~small_files() {
        ::setrlimit(RLIMIT_FSIZE, &former_);
        (void)std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit former_{};
    void (*handler_)(int);
};

/// How a scene's calls wait.
enum class way {
    cached,  ///< Mostly not at all: a cache answers. Where it does not, they may.
    call,    ///< As one system call: a ring makes it and it ends by itself, elsewhere a thread of the pool has to.
    job,     ///< As several, for which there is always a thread.
};

/// A failure that a simulated kernel is told to answer calls of this kind on files with.
struct file_fault {
    bf::file_op kind;
    int error;
};

template <class... Errors>
constexpr std::array<file_fault, sizeof...(Errors)> file_faults(bf::file_op kind, Errors... errors) {
    return {file_fault{kind, errors}...};
}

/// A directory with a file "there", and the pool's thread held until let(). `breaks` are failures of the real kernel,
/// none of them EACCES, which root never gets; `faults` are those that a simulated one plans, before the call would
/// wait.
template <way How>
class file_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr bool fails_at_start = true;
    static constexpr std::uint64_t in_flight = 1;

    [[nodiscard]] static bool waits() {
        if (How == way::cached) return false;
        return How == way::job || bf::drivers::this_driver().kind() != bf::driver_kind::uring;
    }
    void let() {
        if (pool_) pool_->let_go();
    }

protected:
    file_scene() {
        if (waits()) pool_.emplace();
    }

    static constexpr const char* text = "four";

    /// A path whose use fails so; for EMFILE, in a process that has no descriptor left.
    std::string path_that_fails(int error) {
        switch (error) {
            case ENOENT:
                return here / "nothing";
            case ENOTDIR:
                return there + "/below";
            case EISDIR:
                return here.path();
            case ENAMETOOLONG:
                return here / std::string(300, 'x');
            case ELOOP:
                REQUIRE(::symlink("loop", (here / "loop").c_str()) == 0);
                return here / "loop";
            case EINVAL:
                return there + std::string(1, '\0') + "rest";
            case EMFILE:
                no_descriptors_.emplace();
                return there;
            default:
                FAIL("no path fails with errno " << error);
                return {};
        }
    }
    /// Takes limits back, so that what happened can be looked at.
    void heal() {
        no_descriptors_.reset();
        small_.reset();
    }
    void limit_files() { small_.emplace(); }

    static bf::file open_now(const std::string& path, int flags) {
        const int opened = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
        REQUIRE(opened >= 0);
        return bf::file{opened};
    }
    static bool is_there(const std::string& path) {
        struct stat found{};
        return ::lstat(path.c_str(), &found) == 0;
    }

    scratch_directory here;
    const std::string there = here.with_file("there", text);

private:
    std::optional<held_pool> pool_;
    std::optional<no_descriptors_left> no_descriptors_;
    std::optional<small_files> small_;
};

}  // namespace tests
