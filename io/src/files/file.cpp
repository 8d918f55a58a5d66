// Opening, closing and locking of files.
#include <bifilar/io/files/file.hpp>

#include <algorithm>
#include <cerrno>
#include <sys/file.h>

namespace bifilar {
namespace {

bool excludes_itself(const open_options& how) noexcept {
    const bool writes = how.write || how.append;
    return (!how.read && !writes) || (!writes && (how.create || how.create_new || how.truncate)) ||
           (how.append && how.truncate);
}

int flags_of(const open_options& how) noexcept {
    const bool writes = how.write || how.append;
    int flags = O_CLOEXEC | O_NOCTTY;
    flags |= writes ? (how.read ? O_RDWR : O_WRONLY) : O_RDONLY;
    if (how.create) flags |= O_CREAT;
    if (how.create_new) flags |= O_CREAT | O_EXCL;
    if (how.truncate) flags |= O_TRUNC;
    if (how.append) flags |= O_APPEND;
    if (how.direct) flags |= O_DIRECT;
    // The open of a FIFO would wait for its other end, and nothing could cancel that in a thread.
    return flags | O_NONBLOCK;
}

// 0, or a negative errno.
int lock_now(int descriptor, file::lock_kind how) noexcept {
    const int kind = how == file::lock_kind::exclusive ? LOCK_EX : LOCK_SH;
    for (;;) {
        // A call that waits could not be cancelled, and would hold a thread.
        if (::flock(descriptor, kind | LOCK_NB) == 0) return 0;
        const int error = errno;
        if (error != EINTR) return -error;
    }
}

}  // namespace

file::open_future file::open(std::string_view path, const open_options& how) { return {path, how}; }

file::open_future file::create(std::string_view path) {
    return {path, open_options{.read = false, .write = true, .create = true, .truncate = true}};
}

file::open_future::open_future(std::string_view path, const open_options& how)
    : excluded_{excludes_itself(how)},
      call_{drivers::file_request{.kind = file_op::open, .flags = flags_of(how), .mode = how.mode}, path} {}

file::open_future::~open_future() {
    call_.wait().end();
    // Given up, it may have been opened all the same.
    if (const std::optional<int> left = call_.wait().finished(); left && *left >= 0) ::close(*left);
}

polled<io_result<file>> file::open_future::poll(context& cx) {
    if (excluded_) return output{io_failure(EINVAL)};
    const drivers::call_result result = call_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    // It was for the open alone, see flags_of.
    const int flags = ::fcntl(*result, F_GETFL);
    ::fcntl(*result, F_SETFL, flags & ~O_NONBLOCK);
    return output{file{*result}};
}

file::close_future file::close() && {
    const int descriptor = at().release();
    handle_.reset();
    return close_future{descriptor};
}

file::close_future::close_future(int descriptor) noexcept
    : descriptor_{descriptor},
      wait_{drivers::file_request{.kind = file_op::close, .descriptor = descriptor}} {}

file::close_future::close_future(close_future&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)}, wait_{std::move(other.wait_)} {}

file::close_future::~close_future() {
    if (descriptor_ < 0) return;
    wait_.end();
    // Every answer but this one means that the descriptor is closed, whatever else failed.
    if (const std::optional<int> left = wait_.finished(); left && *left != -ECANCELED) return;
    ::close(descriptor_);
}

polled<io_result<void>> file::close_future::poll(context& cx) {
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    descriptor_ = -1;
    if (*result < 0) return output{io_failure(-*result)};
    return output{};
}

io_result<bool> file::try_lock(lock_kind how) noexcept {
    const int result = lock_now(at().descriptor(), how);
    if (result == -EWOULDBLOCK) return false;
    if (result < 0) return io_failure(-result);
    return true;
}

file::lock_future file::lock(lock_kind how) noexcept { return {at(), how}; }

io_result<void> file::unlock() noexcept {
    if (::flock(at().descriptor(), LOCK_UN) != 0) return io_failure(errno);
    return {};
}

polled<io_result<void>> file::lock_future::poll(context& cx) {
    for (;;) {
        if (sleeps_) {
            if (!sleeps_->poll(cx)) return not_ready;
            sleeps_.reset();
        } else if (!cx.take_budget()) {
            return not_ready;
        }
        const int result = lock_now(on_->descriptor(), how_);
        if (result == 0) return output{};
        if (result != -EWOULDBLOCK) return output{io_failure(-result)};
        // No event tells of a lock that is free: it is tried again, ever less often.
        sleeps_.emplace(sleep_for(pause_));
        pause_ = std::min(pause_ * 2, std::chrono::milliseconds{64});
    }
}

}  // namespace bifilar
