// Everything below a directory, depth first, each directory before what is in it.
// Directories are opened relative to those above, so one that is renamed meanwhile leads nowhere else.
#pragma once

#include <bifilar/io/files/detail/file_job.hpp>
#include <bifilar/io/files/directory.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace bifilar {

struct walk_options {
    /// Enters directories that symbolic links point to. A directory that it is in already is not entered again.
    bool follow_links = false;
    /// 1: what is in the directory itself. Each level that is entered keeps a descriptor open.
    std::uint32_t max_depth = std::numeric_limits<std::uint32_t>::max();
};

/// One name that the walk has come to.
struct walk_entry {
    std::string path;                     ///< Relative to where the walk began.
    file_kind kind = file_kind::unknown;  ///< Of the entry itself, or of what a link points to when links are followed.
    std::uint32_t depth = 0;              ///< 1: in the directory where the walk began.
    /// Why a directory could not be entered or read to its end: EACCES, EMFILE, ELOOP for a link to a directory above
    /// it. The walk goes on behind it.
    std::error_code error;
};

namespace detail {
class walk_state;
}

/// Move-only.
/// Thread: one next() at a time.
class directory_walk {
public:
    class next_future;

    /// Begins at the folder `root` with the first next().
    /// Throws: std::bad_alloc.
    explicit directory_walk(std::string_view root, const walk_options& how = {});
    directory_walk(directory_walk&&) noexcept;
    directory_walk& operator=(directory_walk&&) noexcept;
    ~directory_walk();

    /// The next entry; empty at the end.
    /// Errors: that the walk could not begin: ENOENT, ENOTDIR, EACCES; that `root` can be read no further; ENOMEM. What
    /// lies below has walk_entry::error.
    /// Cancellation: no entry is lost.
    /// Suspends: about once in 256 entries, for a thread of the blocking pool.
    [[nodiscard]] next_future next();

private:
    std::unique_ptr<detail::walk_state> state_;
};

/// Ready with an entry, or with none at the end.
class [[nodiscard]] directory_walk::next_future {
public:
    using output = io_result<std::optional<walk_entry>>;

    explicit next_future(detail::walk_state& of);
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return fill_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { fill_.describe_wait(to); }

private:
    detail::walk_state* of_;
    detail::file_job<void> fill_;
    bool filling_ = false;
};

/// See directory_walk.
/// Throws: std::bad_alloc.
[[nodiscard]] inline directory_walk walk(std::string_view root, const walk_options& how = {}) {
    return directory_walk{root, how};
}

}  // namespace bifilar
