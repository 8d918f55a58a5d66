// Whole files at once, on a thread that may block.
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/files/file_system.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/random.h>
#include <sys/stat.h>

namespace bifilar {
namespace {

using detail::job_arguments;
using drivers::make_call;

// Between two looks at whether a job was cancelled.
constexpr std::size_t step_bytes = std::size_t{4} << 20U;

owned_descriptor open_now(const std::string& path, int flags, unsigned mode = 0666) noexcept {
    // Never waits for the other end of a FIFO; regular files do not mind.
    return owned_descriptor{make_call({.kind = file_op::open,
                                       .flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                                       .mode = mode,
                                       .path = path.c_str()})};
}

io_result<void> write_all_now(const job_arguments& on, int descriptor, std::span<const std::byte> bytes,
                              std::uint64_t offset = 0) {
    while (!bytes.empty()) {
        if (on.cancel_asked()) return io_failure(ECANCELED);
        const int result = make_call({.kind = file_op::write,
                                      .descriptor = descriptor,
                                      .buffer = const_cast<std::byte*>(bytes.data()),  // The kernel only reads it.
                                      .bytes = std::min(bytes.size(), step_bytes),
                                      .offset = offset});
        if (result < 0) return io_failure(-result);
        if (result == 0) return io_failure(drivers::error_of_nothing(file_op::write));
        bytes = bytes.subspan(static_cast<std::size_t>(result));
        offset += static_cast<std::uint64_t>(result);
    }
    return {};
}

// Container: of bytes or chars.
template <class Container>
io_result<Container> read_whole(const job_arguments& on) {
    const owned_descriptor from = open_now(on.path, O_RDONLY);
    if (from.get() < 0) return io_failure(-from.get());
    struct stat found{};
    if (::fstat(from.get(), &found) != 0) return io_failure(errno);
    if (S_ISDIR(found.st_mode)) return io_failure(EISDIR);
    // One more than the size, so that a file that has not grown ends with its second read; files of /proc say 0.
    std::uint64_t room = std::max<std::uint64_t>(static_cast<std::uint64_t>(found.st_size) + 1, 4096);
    room = std::min(room, on.number == UINT64_MAX ? room : on.number + 1);
    Container whole;
    std::size_t filled = 0;
    for (;;) {
        if (on.cancel_asked()) return io_failure(ECANCELED);
        if (filled == whole.size()) whole.resize(std::max<std::size_t>(static_cast<std::size_t>(room), filled * 2));
        const int result = make_call({.kind = file_op::read,
                                      .descriptor = from.get(),
                                      .buffer = whole.data() + filled,
                                      .bytes = std::min(whole.size() - filled, step_bytes),
                                      .offset = filled});
        if (result < 0) return io_failure(-result);
        if (result == 0) break;
        filled += static_cast<std::size_t>(result);
        if (filled > on.number) return io_failure(EFBIG);
    }
    whole.resize(filled);
    return whole;
}

io_result<void> write_now(const job_arguments& on) {
    const owned_descriptor to = open_now(on.path, O_WRONLY | O_CREAT | O_TRUNC);
    if (to.get() < 0) return io_failure(-to.get());
    return write_all_now(on, to.get(), on.bytes);
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return path.substr(0, std::max<std::size_t>(slash, 1));
}

// A name beside `path` that nobody has.
std::string unique_name(const std::string& path) {
    std::array<unsigned char, 12> random{};
    // Where it fails, O_EXCL still tells of a name that somebody has.
    (void)::getrandom(random.data(), random.size(), 0);
    const std::size_t slash = path.rfind('/');
    const std::size_t start = slash == std::string::npos ? 0 : slash + 1;
    // The name's own start, for people who find it after a power failure; all of it might be too long with the rest.
    std::string made = path.substr(0, start) + '.' + path.substr(start, 64) + '.';
    for (const unsigned char byte : random) {
        made += static_cast<char>('a' + byte % 26);
    }
    return made;
}

// Owner, group and permissions of the old file, as far as the system lets them be given away. Another group gets no
// more than everybody.
io_result<void> take_after(const struct stat& old, int descriptor) noexcept {
    struct stat made{};
    if (::fstat(descriptor, &made) != 0) return io_failure(errno);
    mode_t mode = old.st_mode & 07777U;
    const bool is_same = made.st_uid == old.st_uid && made.st_gid == old.st_gid;
    if (!is_same && ::fchown(descriptor, old.st_uid, old.st_gid) != 0) {
        mode &= 0777U;
        constexpr auto nobody = static_cast<uid_t>(-1);
        if (made.st_gid != old.st_gid && ::fchown(descriptor, nobody, old.st_gid) != 0)
            mode &= 0707U | (mode & 07U) << 3U;
    }
    if (::fchmod(descriptor, mode) != 0) return io_failure(errno);
    return {};
}

io_result<void> fill_and_sync(const job_arguments& on, int descriptor) {
    // Synced before the rename: after a power failure the name leads to the old file, or to the whole new one.
    if (const auto wrote = write_all_now(on, descriptor, on.bytes); !wrote) return wrote;
    const int result = make_call({.kind = file_op::sync, .descriptor = descriptor});
    if (result < 0) return io_failure(-result);
    if (on.cancel_asked()) return io_failure(ECANCELED);
    return {};
}

io_result<void> write_atomically_now(const job_arguments& on) {
    const owned_descriptor directory = open_now(directory_of(on.path), O_RDONLY | O_DIRECTORY);
    if (directory.get() < 0) return io_failure(-directory.get());
    const std::string name = unique_name(on.path);
    {
        struct stat old{};
        const bool replaces = ::stat(on.path.c_str(), &old) == 0;
        // Who may not read the old contents must not come to have the new file open.
        const owned_descriptor to = open_now(name, O_WRONLY | O_CREAT | O_EXCL, replaces ? 0600 : 0666);
        if (to.get() < 0) return io_failure(-to.get());
        io_result<void> filled;
        if (replaces) filled = take_after(old, to.get());
        if (filled) filled = fill_and_sync(on, to.get());
        if (filled && ::rename(name.c_str(), on.path.c_str()) != 0) filled = io_failure(errno);
        if (!filled) {
            (void)::unlink(name.c_str());
            return filled;
        }
    }
    // So that the new name outlives a power failure as well.
    const int result = make_call({.kind = file_op::sync, .descriptor = directory.get()});
    if (result < 0) return io_failure(-result);
    return {};
}

// By a buffer, from where both descriptors stand.
io_result<std::uint64_t> copy_through_memory(const job_arguments& on, int from, int to) {
    std::vector<std::byte> buffer(std::size_t{256} << 10U);
    for (std::uint64_t copied = 0;;) {
        if (on.cancel_asked()) return io_failure(ECANCELED);
        const int got = make_call({.kind = file_op::read,
                                   .descriptor = from,
                                   .buffer = buffer.data(),
                                   .bytes = buffer.size(),
                                   .offset = copied});
        if (got < 0) return io_failure(-got);
        if (got == 0) return copied;
        const auto part = std::span<const std::byte>{buffer}.first(static_cast<std::size_t>(got));
        if (const auto put = write_all_now(on, to, part, copied); !put) return std::unexpected{put.error()};
        copied += static_cast<std::uint64_t>(got);
    }
}

// Empty: this kernel or these file systems do not copy by themselves.
std::optional<io_result<std::uint64_t>> copy_in_kernel(const job_arguments& on, int from, int to) {
    constexpr std::size_t max_bytes = std::size_t{64} << 20U;
    for (off64_t at = 0;;) {
        if (on.cancel_asked()) return io_failure(ECANCELED);
        // Copies of the offset, which the call moves.
        off64_t in = at;
        off64_t out = at;
        const ssize_t result = ::copy_file_range(from, &in, to, &out, max_bytes, 0);
        if (result > 0) {
            at += result;
            continue;
        }
        const int error = result == 0 ? 0 : errno;
        if (error == EINTR) continue;
        if (at == 0 && (error == 0 || error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS ||
                        error == EPERM || error == EBADF))
            return std::nullopt;  // 0 at the start: empty, or a file of /proc, which has no size.
        if (error != 0) return io_failure(error);
        return static_cast<std::uint64_t>(at);
    }
}

io_result<std::uint64_t> copy_now(const job_arguments& on) {
    const owned_descriptor from = open_now(on.path, O_RDONLY);
    if (from.get() < 0) return io_failure(-from.get());
    struct stat source{};
    if (::fstat(from.get(), &source) != 0) return io_failure(errno);
    if (S_ISDIR(source.st_mode)) return io_failure(EISDIR);
    const owned_descriptor to = open_now(on.other, O_WRONLY | O_CREAT, source.st_mode & 0777U);
    if (to.get() < 0) return io_failure(-to.get());
    struct stat target{};
    if (::fstat(to.get(), &target) != 0) return io_failure(errno);
    // Before anything is cut off.
    if (source.st_dev == target.st_dev && source.st_ino == target.st_ino) return io_failure(EINVAL);
    if (S_ISREG(target.st_mode) && (::ftruncate(to.get(), 0) != 0 || ::fchmod(to.get(), source.st_mode & 0777U) != 0))
        return io_failure(errno);
    if (const auto copied = copy_in_kernel(on, from.get(), to.get())) return *copied;
    return copy_through_memory(on, from.get(), to.get());
}

job_arguments with(std::string_view path, std::string_view other, std::span<const std::byte> bytes,
                   std::uint64_t number = 0) {
    job_arguments made;
    made.path = path;
    made.other = other;
    made.bytes = bytes;
    made.number = number;
    return made;
}

}  // namespace

detail::file_job<std::uint64_t> copy_file(std::string_view from, std::string_view to) {
    return {&copy_now, with(from, to, {})};
}
detail::file_job<std::vector<std::byte>> read_file(std::string_view path, std::uint64_t max_bytes) {
    return {&read_whole<std::vector<std::byte>>, with(path, {}, {}, max_bytes)};
}
detail::file_job<std::string> read_text_file(std::string_view path, std::uint64_t max_bytes) {
    return {&read_whole<std::string>, with(path, {}, {}, max_bytes)};
}
detail::file_job<void> write_file(std::string_view path, std::span<const std::byte> bytes) {
    return {&write_now, with(path, {}, bytes)};
}
detail::file_job<void> write_file_atomically(std::string_view path, std::span<const std::byte> bytes) {
    return {&write_atomically_now, with(path, {}, bytes)};
}

}  // namespace bifilar
