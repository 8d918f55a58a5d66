// The walk runs on a thread that may block, a batch of entries at a time.
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/files/directory_walk.hpp>

#include <cerrno>
#include <deque>
#include <new>
#include <sys/stat.h>
#include <vector>

namespace bifilar {
namespace detail {

/// Between two jobs it belongs to the walk's owner, during one to the job's thread.
class walk_state {
public:
    walk_state(std::string_view root, const walk_options& how) : how_{how}, root_{root} {}

    /// Walks on until a batch is full. Fails when there is no beginning.
    io_result<void> fill(const job_arguments& on);

    [[nodiscard]] std::optional<walk_entry> take() {
        if (found_.empty()) return std::nullopt;
        std::optional<walk_entry> next{std::move(found_.front())};
        found_.pop_front();
        return next;
    }
    [[nodiscard]] bool ended() const noexcept { return begun_ && levels_.empty() && found_.empty(); }

private:
    static constexpr std::size_t batch_entries = 256;

    struct level {
        level(int descriptor, std::size_t path_bytes, const struct stat& of)
            : batch{new directory_batch{descriptor}}, prefix_bytes{path_bytes}, device{of.st_dev}, inode{of.st_ino} {}
        std::unique_ptr<directory_batch> batch;
        std::size_t prefix_bytes;  ///< How much of path_ leads here, the last slash included.
        dev_t device;
        ino_t inode;
    };

    void add(const level& from, directory_entry found);
    [[nodiscard]] int enter(int from, const std::string& name);
    [[nodiscard]] bool is_above(const struct stat& what) const noexcept;

    const walk_options how_;
    std::string root_;
    std::vector<level> levels_;  // Those that are open, outermost first.
    std::string path_;           // Of the innermost, with a slash behind, from the root.
    std::deque<walk_entry> found_;
    bool begun_ = false;
};

io_result<void> walk_state::fill(const job_arguments& on) {
    if (!begun_) {
        if (root_.find('\0') != std::string::npos) return io_failure(EINVAL);  // The kernel would stop reading there.
        owned_descriptor opened{drivers::make_call(
            {.kind = file_op::open, .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .path = root_.c_str()})};
        if (opened.get() < 0) return io_failure(-opened.get());
        struct stat is{};
        if (::fstat(opened.get(), &is) != 0) return io_failure(errno);
        levels_.emplace_back(opened.get(), 0, is);
        (void)opened.release();
        begun_ = true;
    }
    while (!levels_.empty() && found_.size() < batch_entries && !on.cancel_asked()) {
        directory_batch& batch = *levels_.back().batch;
        if (std::optional<directory_entry> next = batch.take()) {
            add(levels_.back(), std::move(*next));
            continue;
        }
        const int result = drivers::make_call({.kind = file_op::read_entries,
                                               .descriptor = batch.handle.descriptor(),
                                               .buffer = batch.room.data(),
                                               .bytes = batch.room.size()});
        if (result > 0) {
            batch.at = 0;
            batch.filled = static_cast<std::size_t>(result);
            continue;
        }
        // Removed meanwhile is as good as empty.
        if (result < 0 && result != -ENOENT) {
            if (levels_.size() == 1 && found_.empty()) {
                levels_.clear();  // The end comes next: another read would fail again.
                return io_failure(-result);
            }
            walk_entry broken;
            broken.path = path_.substr(0, path_.empty() ? 0 : path_.size() - 1);
            broken.kind = file_kind::directory;
            broken.depth = static_cast<std::uint32_t>(levels_.size() - 1);
            broken.error = std::error_code{-result, std::generic_category()};
            found_.push_back(std::move(broken));
        }
        levels_.pop_back();
        path_.resize(levels_.empty() ? 0 : levels_.back().prefix_bytes);
    }
    return {};
}

// Takes note of an entry, and goes into it if it is a directory.
void walk_state::add(const level& from, directory_entry found) {
    const int at = from.batch->handle.descriptor();
    const auto depth = static_cast<std::uint32_t>(levels_.size());
    if (found.kind == file_kind::unknown || (found.kind == file_kind::symlink && how_.follow_links)) {
        struct stat is{};
        // A link to nothing is a link.
        if (::fstatat(at, found.name.c_str(), &is, how_.follow_links ? 0 : AT_SYMLINK_NOFOLLOW) == 0)
            found.kind = kind_of_mode(is.st_mode);
    }
    walk_entry made;
    made.path = path_ + found.name;
    made.kind = found.kind;
    made.depth = depth;
    found_.push_back(std::move(made));
    if (found.kind != file_kind::directory || depth >= how_.max_depth) return;
    const int error = enter(at, found.name);
    if (error == ENOENT)
        found_.pop_back();  // Gone before anybody saw it.
    else if (error != 0)
        found_.back().error = std::error_code{error, std::generic_category()};
}

// 0, or an errno. The next entries then come from there.
int walk_state::enter(int from, const std::string& name) {
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (how_.follow_links ? 0 : O_NOFOLLOW);
    owned_descriptor opened{
        drivers::make_call({.kind = file_op::open, .descriptor = from, .flags = flags, .path = name.c_str()})};
    if (opened.get() < 0) return -opened.get();
    struct stat is{};
    if (::fstat(opened.get(), &is) != 0) return errno;
    // A link may lead back to where the walk is; without links that cannot be.
    if (how_.follow_links && is_above(is)) return ELOOP;
    try {
        // Made first, so that a lack of memory leaves path and levels as they were.
        std::string path = path_ + name + '/';
        levels_.emplace_back(opened.get(), path.size(), is);
        (void)opened.release();
        path_.swap(path);
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    }
    return 0;
}

bool walk_state::is_above(const struct stat& what) const noexcept {
    for (const level& one : levels_)
        if (one.device == what.st_dev && one.inode == what.st_ino) return true;
    return false;
}

}  // namespace detail

namespace {

io_result<void> fill_now(const detail::job_arguments& on) {
    return static_cast<detail::walk_state*>(on.object)->fill(on);
}

detail::job_arguments about(detail::walk_state& state) {
    detail::job_arguments made;
    made.object = &state;
    return made;
}

}  // namespace

directory_walk::directory_walk(std::string_view root, const walk_options& how)
    : state_{std::make_unique<detail::walk_state>(root, how)} {}
directory_walk::directory_walk(directory_walk&&) noexcept = default;
directory_walk& directory_walk::operator=(directory_walk&&) noexcept = default;
directory_walk::~directory_walk() = default;

directory_walk::next_future directory_walk::next() {
    BIFILAR_CHECK(state_ != nullptr, "a directory_walk was used after it was moved from");
    return next_future{*state_};
}

directory_walk::next_future::next_future(detail::walk_state& of) : of_{&of}, fill_{&fill_now, about(of)} {}

polled<io_result<std::optional<walk_entry>>> directory_walk::next_future::poll(context& cx) {
    for (;;) {
        if (!filling_) {
            if (std::optional<walk_entry> next = of_->take()) return output{std::move(next)};
            if (of_->ended()) return output{std::optional<walk_entry>{}};
            // Until its answer is there, the state is the job's.
            filling_ = true;
        }
        polled<io_result<void>> filled = fill_.poll(cx);
        if (!filled) return not_ready;
        filling_ = false;
        const io_result<void> result = filled.take();
        if (!result) return output{std::unexpected{result.error()}};
    }
}

}  // namespace bifilar
