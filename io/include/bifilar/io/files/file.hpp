// Files: opened, read and written at offsets, by any number of tasks at a time. Positions belong to cursors.
#pragma once

#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/files/detail/file_handle.hpp>
#include <bifilar/io/files/file_futures.hpp>
#include <bifilar/time/sleep.hpp>
#include <optional>
#include <span>
#include <sys/uio.h>
#include <utility>

namespace bifilar {

/// How a file is opened. Descriptors never pass to programs that the process starts.
struct open_options {
    /// Opens for reading.
    bool read = true;
    /// Opens for writing.
    bool write = false;
    bool create = false;      ///< Makes the file when there is none.
    bool create_new = false;  ///< Makes the file; EEXIST when there is something at its path, a symlink even.
    bool truncate = false;    ///< Empties the file.
    bool append = false;      ///< All writes go to the end, whatever their offsets.
    bool direct = false;   ///< Past the page cache. Buffers, offsets and sizes are multiples of the block, or EINVAL.
    unsigned mode = 0666;  ///< Permissions of a new file, less the process's umask.
};

class file_cursor;

/// Move-only. Must outlive what its functions return, and not be closed meanwhile, which aborts; moving it is fine.
///
/// Errors: the system's codes; EINVAL for offsets of 2^63 and more.
/// Thread: any; several calls may be under way at a time, and the kernel orders none of them.
/// Cancellation: a call that has begun is waited for, until the disk has answered; it was done, or not.
/// Suspends: until the ring, or a thread of the blocking pool, has made the call. Reads and writes that the page cache
/// answers do not, nor do opens of what exists, where the kernel knows the way there.
/// Allocates: nothing, but for a thread that the pool starts.
/// Blocks: a plain thread, which makes the call itself, and a worker where the pool can have no thread. The destructor
/// of a future in flight, until the call is over.
class file {
public:
    class open_future;
    class close_future;
    class lock_future;
    using handle = detail::file_handle;

    /// Opens the file at `path`, or makes it.
    /// Throws: std::bad_alloc, also from a poll; the file is closed then.
    /// Errors: ENOENT, EACCES, EISDIR, EMFILE, ELOOP and what else open(2) says; EINVAL for options that exclude each
    /// other, and for a path with a zero byte.
    /// Cancellation: a file that was opened is closed again; one that was made stays.
    /// Allocates: a copy of the path, and what keeps the descriptor.
    [[nodiscard]] static open_future open(std::string_view path, const open_options& how = {});
    /// Opens for writing, and makes or empties the file.
    [[nodiscard]] static open_future create(std::string_view path);
    /// Takes over a descriptor, which blocks in the kernel's eyes.
    /// Throws: std::bad_alloc; it is closed then.
    explicit file(int descriptor) : file{owned_descriptor{descriptor}} {}
    file(const file&) = delete;  // A file has one owner: std::move it.
    file(file&&) noexcept = default;
    file& operator=(file&&) noexcept = default;
    ~file() = default;

    /// What is there, at most `into`. 0: the file ends at or before the offset, or `into` is empty.
    [[nodiscard]] file_transfer_future read_at(std::span<std::byte> into, std::uint64_t offset) const noexcept {
        return move(file_op::read, into.data(), into.size(), offset, transfer::some);
    }
    /// Until `into` is full.
    /// Errors: ENODATA when the file ends before.
    [[nodiscard]] file_transfer_future read_exact_at(std::span<std::byte> into, std::uint64_t offset) const noexcept {
        return move(file_op::read, into.data(), into.size(), offset, transfer::whole);
    }
    /// Some of `from`; mostly all.
    /// Errors: ENOSPC, EDQUOT, EFBIG (with SIGXFSZ, where a limit is set and the signal not ignored).
    [[nodiscard]] file_transfer_future write_at(std::span<const std::byte> from, std::uint64_t offset) noexcept {
        return move(file_op::write, from.data(), from.size(), offset, transfer::some);
    }
    /// All of `from`.
    /// Cancellation: an unknown part has been written, as after a failure.
    [[nodiscard]] file_transfer_future write_all_at(std::span<const std::byte> from, std::uint64_t offset) noexcept {
        return move(file_op::write, from.data(), from.size(), offset, transfer::whole);
    }
    /// All of `from` at the end, wherever that is by then. What one call of the kernel takes, mostly all, stays
    /// together.
    /// Errors: what has no end, such as a device, may answer with EOPNOTSUPP.
    [[nodiscard]] file_transfer_future append(std::span<const std::byte> from) noexcept {
        return move(file_op::write, from.data(), from.size(), 0, transfer::whole, RWF_APPEND);
    }
    /// Positions of their own, for code that reads or writes streams. They refer to the file, not to this object.
    [[nodiscard]] file_cursor reader(std::uint64_t offset = 0) const noexcept;
    /// Writes from `offset` on.
    [[nodiscard]] file_cursor writer(std::uint64_t offset = 0) noexcept;

    /// Until contents and metadata are on the disk. After a failure nobody knows what is there: do not merely repeat.
    [[nodiscard]] file_action_future sync() noexcept { return act({.kind = file_op::sync}); }
    /// The contents, and what is needed to read them.
    [[nodiscard]] file_action_future sync_data() noexcept { return act({.kind = file_op::sync, .flags = 1}); }
    /// Makes the file that long, cutting it or adding a hole.
    [[nodiscard]] file_action_future truncate(std::uint64_t bytes) noexcept {
        return act({.kind = file_op::truncate, .offset = bytes});
    }
    /// Has the file system keep room for the `bytes` from `offset` on, so that later writes there do not fail for want
    /// of it; a shorter file grows, by zeros.
    /// Errors: fallocate(2)'s: ENOSPC, with nothing done; EOPNOTSUPP where the file system knows no such thing; EINVAL
    /// for 0 bytes.
    [[nodiscard]] file_action_future allocate(std::uint64_t offset, std::size_t bytes) noexcept {
        return act({.kind = file_op::allocate, .bytes = bytes, .offset = offset});
    }
    /// Its size in bytes.
    /// Errors: statx(2)'s.
    [[nodiscard]] size_future size() const { return size_future{at()}; }
    /// What the file system knows about it.
    /// Errors: statx(2)'s.
    [[nodiscard]] metadata_future metadata() const { return metadata_future{at()}; }

    /// Whether others may hold the lock as well.
    enum class lock_kind : unsigned char { shared, exclusive };
    /// flock(2) on the whole file: advisory, between open files, given back by unlock or close. False: somebody has it.
    /// Blocks: on network file systems alone.
    [[nodiscard]] io_result<bool> try_lock(lock_kind how = lock_kind::exclusive) noexcept;
    /// Tries until it has the lock; others may be faster.
    /// Cancellation: it does not have the lock.
    /// Suspends: between tries, for growing times of 1 to 64 ms: no thread waits.
    [[nodiscard]] lock_future lock(lock_kind how = lock_kind::exclusive) noexcept;
    /// Gives the lock back. Does not block.
    io_result<void> unlock() noexcept;

    /// Closes, and tells what the file system has to say about earlier writes. The file is closed in any case.
    /// Errors: EIO, ENOSPC, EDQUOT.
    /// Cancellation: the file is closed, by the destructor of the future if need be.
    [[nodiscard]] close_future close() &&;

    /// -1 after close() or a move.
    [[nodiscard]] int descriptor() const noexcept { return handle_ ? handle_->descriptor() : -1; }
    /// For calls that are made elsewhere. Aborts when there is no file.
    [[nodiscard]] handle& at() const noexcept {
        BIFILAR_CHECK(handle_ != nullptr, "a file was used after close() or after it was moved from");
        return *handle_;
    }

private:
    explicit file(owned_descriptor own) : handle_{new handle{own.get()}} { (void)own.release(); }
    // The kernel only reads what is written.
    [[nodiscard]] file_transfer_future move(file_op kind, const std::byte* buffer, std::size_t bytes,
                                            std::uint64_t offset, transfer how, int flags = 0) const noexcept {
        return {at(), kind, const_cast<std::byte*>(buffer), bytes, offset, how, flags};
    }
    [[nodiscard]] file_action_future act(drivers::file_request what) noexcept {
        what.descriptor = at().descriptor();
        return {what, at()};
    }

    detail::file_ptr handle_;
};

/// A position in a file, moved by what is read and written. Not moved while a call on it is under way. The file stays
/// open as long as it is used.
/// Thread: one call on it at a time.
/// Cancellation: the kernel's call that was under way has not moved it; those before it, of read_exact and write_all,
/// have.
class file_cursor {
public:
    file_cursor(detail::file_handle& in, std::uint64_t offset) noexcept : in_{&in}, position_{offset} {}

    /// As file::read_at and the others, at the position.
    [[nodiscard]] file_transfer_future read(std::span<std::byte> into) noexcept {
        return {*in_, file_op::read, into.data(), into.size(), 0, transfer::some, 0, &position_};
    }
    /// Reads until `into` is full.
    /// Errors: ENODATA at the end of the file.
    [[nodiscard]] file_transfer_future read_exact(std::span<std::byte> into) noexcept {
        return {*in_, file_op::read, into.data(), into.size(), 0, transfer::whole, 0, &position_};
    }
    /// Writes what goes at once, at least one byte.
    [[nodiscard]] file_transfer_future write(std::span<const std::byte> from) noexcept {
        return {*in_, file_op::write, data(from), from.size(), 0, transfer::some, 0, &position_};
    }
    /// Writes all of `from`.
    [[nodiscard]] file_transfer_future write_all(std::span<const std::byte> from) noexcept {
        return {*in_, file_op::write, data(from), from.size(), 0, transfer::whole, 0, &position_};
    }

    /// In bytes from the start of the file.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    /// Between calls.
    void seek(std::uint64_t position) noexcept { position_ = position; }

private:
    // The kernel only reads it.
    static std::byte* data(std::span<const std::byte> from) noexcept { return const_cast<std::byte*>(from.data()); }

    detail::file_handle* in_;
    std::uint64_t position_;
};

/// Ready with the file.
class [[nodiscard]] file::open_future {
public:
    using output = io_result<file>;

    open_future(std::string_view path, const open_options& how);
    open_future(open_future&&) noexcept = default;
    open_future& operator=(open_future&&) = delete;
    ~open_future();
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return call_.wait().poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe<open_future>(to); }

private:
    bool excluded_;  // Options that make no sense together.
    detail::path_wait call_;
};

/// Ready when the file is closed.
class [[nodiscard]] file::close_future {
public:
    using output = io_result<void>;

    explicit close_future(int descriptor) noexcept;
    close_future(close_future&& other) noexcept;
    close_future& operator=(close_future&&) = delete;
    ~close_future();
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<close_future>(to); }

private:
    int descriptor_;  // -1 when it is closed.
    detail::file_wait wait_;
};

/// Ready when the lock is had.
class [[nodiscard]] file::lock_future {
public:
    using output = io_result<void>;

    lock_future(detail::file_handle& on, lock_kind how) noexcept : on_{&on}, how_{how} {}
    polled<output> poll(context& cx);
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<lock_future>(to, wait_fact::descriptor(on_->descriptor()));
    }

private:
    detail::file_handle* on_;
    lock_kind how_;
    std::chrono::milliseconds pause_{1};
    std::optional<sleep> sleeps_;
};

inline file_cursor file::reader(std::uint64_t offset) const noexcept { return {at(), offset}; }
inline file_cursor file::writer(std::uint64_t offset) noexcept { return {at(), offset}; }

}  // namespace bifilar
