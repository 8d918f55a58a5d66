// The matrix of what is done with paths in one call: open, metadata, rename, remove, directories.
#include "io/file_scene.hpp"
#include <bifilar/io/files/directory.hpp>
#include <bifilar/io/files/directory_walk.hpp>

#include <set>

using tests::file_scene;
using tests::way;
namespace bf = bifilar;

namespace {

using bf::file_op;

// What the walk to a path fails with, and what else most calls on paths do.
template <class... More>
constexpr auto path_faults(file_op kind, More... more) {
    return tests::file_faults(kind, EACCES, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, ESTALE, more...);
}

constexpr std::array ways_of_paths{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL};
constexpr std::array ways_of_opens{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EMFILE};

/// What opens has nothing to conserve but descriptors, which the matrix counts.
template <way How>
class opening_scene : public file_scene<How> {
public:
    static constexpr auto faults =
        path_faults(file_op::open, EMFILE, ENFILE, EPERM, EROFS, ENOSPC, EDQUOT, EEXIST, EISDIR, EBUSY, EFBIG, ENODEV,
                    ENXIO, EOPNOTSUPP, EOVERFLOW, ETXTBSY, EINVAL);
    static constexpr std::array breaks = ways_of_opens;
    static bool succeeded(const bf::io_result<bf::file>& output) { return output && output->descriptor() >= 0; }
    void break_with(int error) { path = this->path_that_fails(error); }
    bool conserved(bool) {
        this->heal();
        return true;
    }

protected:
    std::string path = this->there;
};

class open_scene : public opening_scene<way::cached> {
public:
    static constexpr const char* name = "open";
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EMFILE, EISDIR, ETXTBSY};
    auto start() { return bf::file::open(path, {.write = true}); }
    void break_with(int error) { path = error == ETXTBSY ? "/proc/self/exe" : path_that_fails(error); }
};

/// For reading its open does not wait for a writer; for writing there has to be a reader.
class open_fifo_scene : public opening_scene<way::cached> {
public:
    static constexpr const char* name = "open of a FIFO";
    static constexpr std::array breaks{ENXIO};
    open_fifo_scene() {
        path = here / "fifo";
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    }
    auto start() {
        bf::open_options how;
        how.read = reads_;
        how.write = !reads_;
        return bf::file::open(path, how);
    }
    void break_with(int) { reads_ = false; }

private:
    bool reads_ = true;
};

class create_scene : public opening_scene<way::call> {
public:
    static constexpr const char* name = "open of a new file";
    static constexpr std::array breaks{EEXIST, ENOTDIR, ENAMETOOLONG, EINVAL, EMFILE};
    create_scene() { path = here / "new"; }
    auto start() {
        ::unlink((here / "new").c_str());
        return bf::file::open(path, {.write = true, .create_new = true});
    }
    void break_with(int error) {
        path = error == EEXIST ? there : path_that_fails(error);
        if (error == EMFILE) path = here / "new";
    }
};

class open_directory_scene : public opening_scene<way::cached> {
public:
    static constexpr const char* name = "open of a directory";
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EMFILE};
    open_directory_scene() { path = here.path(); }
    auto start() { return bf::directory::open(path); }
    static bool succeeded(const bf::io_result<bf::directory>& output) { return output && output->descriptor() >= 0; }
};

template <bool Follow>
class metadata_scene : public opening_scene<way::call> {
public:
    static constexpr const char* name = Follow ? "metadata" : "symlink_metadata";
    static constexpr auto faults = path_faults(file_op::status, EINVAL, EOVERFLOW, ETIMEDOUT);
    static constexpr std::array breaks = ways_of_paths;
    metadata_scene() {
        path = here / "link";
        REQUIRE(::symlink("there", path.c_str()) == 0);
    }
    auto start() { return Follow ? bf::metadata(path) : bf::symlink_metadata(path); }
    static bool succeeded(const bf::io_result<bf::file_metadata>& output) {
        return output && output->kind == (Follow ? bf::file_kind::regular : bf::file_kind::symlink);
    }
    void break_with(int error) { path = path_that_fails(error) + (error == ELOOP ? "/below" : ""); }
};

/// What changes a directory: done, or not at all.
class action_scene : public file_scene<way::call> {
public:
    static bool succeeded(const bf::io_result<void>& output) { return output.has_value(); }

protected:
    const std::string other = here / "other";
};

template <bool New>
class rename_scene : public action_scene {
public:
    static constexpr const char* name = New ? "rename_new" : "rename";
    static constexpr auto faults = path_faults(file_op::rename, EXDEV, EROFS, ENOSPC, EDQUOT, EPERM, EBUSY, EMLINK,
                                               EISDIR, EEXIST, ENOTEMPTY, EINVAL);
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, New ? EEXIST : EISDIR};

    auto start() {
        (void)::rename(other.c_str(), there.c_str());  // Where the last one has brought it.
        return New ? bf::rename_new(from_, to_) : bf::rename(from_, to_);
    }
    void break_with(int error) {
        if (error == EEXIST) {
            to_ = here.with_file("third", "");
        } else if (error == EISDIR) {
            to_ = here / "third";
            REQUIRE(::mkdir(to_.c_str(), 0700) == 0);
        } else {
            from_ = path_that_fails(error) + (error == ELOOP ? "/below" : "");
        }
    }
    bool conserved(bool) { return is_there(there) != is_there(other); }

private:
    std::string from_ = there;
    std::string to_ = other;
};

class remove_file_scene : public action_scene {
public:
    static constexpr const char* name = "remove_file";
    static constexpr auto faults = path_faults(file_op::remove, EROFS, EPERM, EBUSY, EISDIR);
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, EINVAL, EISDIR};

    auto start() {
        here.with_file("other", "");
        return bf::remove_file(path_);
    }
    void break_with(int error) { path_ = path_that_fails(error); }
    bool conserved(bool lossy) { return is_there(there) && (lossy || !is_there(other)); }

private:
    std::string path_ = other;
};

class remove_directory_scene : public action_scene {
public:
    static constexpr const char* name = "remove_directory";
    static constexpr auto faults = path_faults(file_op::remove, EROFS, EPERM, EBUSY, ENOTEMPTY, EINVAL);
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, EINVAL, ENOTEMPTY};

    auto start() {
        (void)::mkdir(other.c_str(), 0700);
        return bf::remove_directory(path_);
    }
    void break_with(int error) { path_ = error == ENOTEMPTY ? here.path() : path_that_fails(error); }
    bool conserved(bool lossy) { return is_there(there) && (lossy || !is_there(other)); }

private:
    std::string path_ = other;
};

class create_directory_scene : public action_scene {
public:
    static constexpr const char* name = "create_directory";
    static constexpr auto faults =
        path_faults(file_op::create_directory, EROFS, ENOSPC, EDQUOT, EPERM, EEXIST, EMLINK, EINVAL);
    static constexpr std::array breaks{EEXIST, ENOTDIR, ENAMETOOLONG, EINVAL};

    auto start() {
        (void)::rmdir(other.c_str());
        return bf::create_directory(path_);
    }
    void break_with(int error) { path_ = error == EEXIST ? there : path_that_fails(error); }
    bool conserved(bool lossy) { return is_there(there) && (lossy || is_there(other)); }

private:
    std::string path_ = other;
};

/// One entry after the other; a new directory for the next round when the end has come. Each entry is told once, those
/// of a batch that was read by one who was cancelled as well.
class next_scene : public file_scene<way::job> {
public:
    static constexpr const char* name = "next of a directory";
    static constexpr auto faults =
        tests::file_faults(file_op::read_entries, EIO, EBADF, ENOENT, ENOTDIR, ENOMEM, EACCES, ESTALE);
    static constexpr std::array breaks{ENOENT, ENOTDIR, EBADF};
    using output = bf::io_result<std::optional<bf::directory_entry>>;

    auto start() { return all_.next(); }
    bool succeeded(const output& result) {
        if (!result || !*result) return false;
        return told_.insert((*result)->name).second;
    }
    void break_with(int error) {
        const std::string gone = here / "gone";
        if (error == ENOENT) REQUIRE(::mkdir(gone.c_str(), 0700) == 0);
        const int flags = error == EBADF ? O_PATH : O_RDONLY;
        all_ = bf::directory{::open(error == ENOENT ? gone.c_str() : there.c_str(), flags | O_CLOEXEC)};
        if (error == ENOENT) REQUIRE(::rmdir(gone.c_str()) == 0);
        broken_ = true;
    }
    bool conserved(bool) {
        let();
        if (broken_) return true;
        for (;;) {
            const output next = bf::await(all_.next());
            if (!next) return false;
            if (!*next) return told_.size() == files + 1;
            if (!told_.insert((*next)->name).second) return false;
        }
    }

private:
    static constexpr std::size_t files = 5;

    bf::directory list() {
        for (std::size_t n = 0; n < files; ++n) here.with_file(std::to_string(n), "");
        return bf::directory{::open(here.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    }

    std::set<std::string> told_;
    bf::directory all_ = list();
    bool broken_ = false;
};

/// The same of all that is below a directory.
class walk_scene : public file_scene<way::job> {
public:
    static constexpr const char* name = "next of a walk";
    static constexpr auto faults = tests::file_faults(file_op::job, EIO, EACCES, EMFILE, ENFILE, ENOMEM);
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EMFILE};
    using output = bf::io_result<std::optional<bf::walk_entry>>;

    walk_scene() {
        REQUIRE(::mkdir((here / "below").c_str(), 0700) == 0);
        here.with_file("below/file", "");
    }
    auto start() { return all_.next(); }
    bool succeeded(const output& result) {
        if (!result || !*result) return false;
        return told_.insert((*result)->path).second;
    }
    void break_with(int error) {
        all_ = bf::walk(path_that_fails(error));
        broken_ = true;
    }
    bool conserved(bool) {
        let();
        heal();
        if (broken_) return true;
        for (;;) {
            const output next = bf::await(all_.next());
            if (!next) return false;
            if (!*next) return told_ == std::set<std::string>{"there", "below", "below/file"};
            if (!told_.insert((*next)->path).second) return false;
        }
    }

private:
    std::set<std::string> told_;
    bf::directory_walk all_ = bf::walk(here.path());
    bool broken_ = false;
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_an_open_leaks_no_descriptor", "", open_scene, open_fifo_scene, create_scene,
                   open_directory_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_call_on_a_path_does_it_or_not", "", metadata_scene<true>, metadata_scene<false>,
                   rename_scene<false>, rename_scene<true>, remove_file_scene, remove_directory_scene,
                   create_directory_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_next_tells_each_entry_once", "", next_scene, walk_scene) {
    tests::run_matrix<TestType>();
}
