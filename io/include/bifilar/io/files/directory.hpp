// The entries of one directory, read in batches.
#pragma once

#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/files/detail/file_handle.hpp>
#include <bifilar/io/files/file_futures.hpp>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bifilar {

/// Not a path: the name within its directory.
struct directory_entry {
    /// Without the path.
    std::string name;
    file_kind kind = file_kind::unknown;  ///< Of the entry itself: symlinks are not followed. Some file systems do not
                                          ///< tell; symlink_metadata does then.
    /// Its number in the file system.
    std::uint64_t inode = 0;
};

namespace detail {

/// A batch of entries as the kernel gives them, and how far it was read.
struct directory_batch {
    static constexpr std::size_t room_bytes = 32'768;

    explicit directory_batch(int descriptor) noexcept : handle{descriptor} {}

    /// The next entry that is neither "." nor "..". Empty: the batch is used up.
    [[nodiscard]] std::optional<directory_entry> take();

    file_handle handle;
    std::size_t at = 0;
    std::size_t filled = 0;
    alignas(8) std::array<std::byte, room_bytes> room;
};

}  // namespace detail

/// Move-only; must outlive its next(). What is added or removed meanwhile is seen or not.
/// Thread: one next() at a time.
class directory {
public:
    class open_future;
    class next_future;

    /// Opens the directory at `path`. Waits as file::open.
    /// Throws: std::bad_alloc, also from a poll; the directory is closed then.
    /// Errors: ENOENT, ENOTDIR, EACCES, EMFILE.
    /// Cancellation: a directory that was opened is closed again.
    /// Allocates: a copy of the path, and 32 KiB for entries.
    [[nodiscard]] static open_future open(std::string_view path);
    /// Takes over the descriptor of a directory.
    /// Throws: std::bad_alloc; it is closed then.
    explicit directory(int descriptor) : directory{owned_descriptor{descriptor}} {}
    directory(const directory&) = delete;  // A directory has one owner: std::move it.
    directory(directory&&) noexcept = default;
    directory& operator=(directory&&) noexcept = default;
    ~directory() = default;

    /// The next entry, in no order; empty at the end.
    /// Throws: std::bad_alloc from a poll, for a long name.
    /// Errors: ENOENT when the directory itself was removed.
    /// Cancellation: nothing is lost but the call.
    /// Suspends: once a few hundred entries, for a thread of the blocking pool.
    [[nodiscard]] next_future next() noexcept;

    /// -1 after a move.
    [[nodiscard]] int descriptor() const noexcept { return batch_ ? batch_->handle.descriptor() : -1; }

private:
    explicit directory(owned_descriptor own) : batch_{new detail::directory_batch{own.get()}} { (void)own.release(); }

    std::unique_ptr<detail::directory_batch> batch_;
};

/// Ready with the directory.
class [[nodiscard]] directory::open_future {
public:
    using output = io_result<directory>;

    explicit open_future(std::string_view path);
    open_future(open_future&&) noexcept = default;
    open_future& operator=(open_future&&) = delete;
    ~open_future();
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return call_.wait().poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe<open_future>(to); }

private:
    detail::path_wait call_;
};

/// Ready with an entry, or with none at the end.
class [[nodiscard]] directory::next_future {
public:
    using output = io_result<std::optional<directory_entry>>;

    explicit next_future(detail::directory_batch& of) noexcept;
    next_future(next_future&&) noexcept = default;
    next_future& operator=(next_future&&) = delete;
    ~next_future();
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<next_future>(to); }

private:
    detail::directory_batch* of_;
    detail::file_wait wait_;
};

}  // namespace bifilar
