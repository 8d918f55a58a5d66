// The matrix of what takes several calls in a row and therefore a thread: whole files, directories with those above.
#include "io/file_scene.hpp"

#include <filesystem>
#include <vector>

using tests::contents;
using tests::file_scene;
using tests::way;
namespace bf = bifilar;

namespace {

constexpr std::array ways_of_paths{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EMFILE};

/// Always waits for the thread, which let() gives.
class job_scene : public file_scene<way::job> {
public:
    // Those of its calls, before the first of them.
    static constexpr auto faults = tests::file_faults(bf::file_op::job, EIO, EACCES, EPERM, EROFS, ENOSPC,
                                                      EDQUOT, EMFILE, ENFILE, ENOMEM, EXDEV, ESTALE);
    bool conserved(bool) {
        heal();
        return contents(there) == text;
    }

protected:
    const std::string other = here / "other";
};

/// What reads the file "there", or looks at it.
class looking_scene : public job_scene {
public:
    static constexpr std::array breaks = ways_of_paths;
    void break_with(int error) { path = path_that_fails(error); }

protected:
    std::string path = there;
};

class exists_scene : public looking_scene {
public:
    static constexpr const char* name = "exists";
    // ENOENT and ENOTDIR are answers, and it opens nothing.
    static constexpr std::array breaks{ENAMETOOLONG, ELOOP, EINVAL};
    auto start() { return bf::exists(path); }
    static bool succeeded(const bf::io_result<bool>& output) { return output && *output; }
};

class read_link_scene : public looking_scene {
public:
    static constexpr const char* name = "read_link";
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, EINVAL};
    read_link_scene() {
        path = here / "link";
        REQUIRE(::symlink("there", path.c_str()) == 0);
    }
    auto start() { return bf::read_link(path); }
    static bool succeeded(const bf::io_result<std::string>& output) { return output && *output == "there"; }
};

class read_file_scene : public looking_scene {
public:
    static constexpr const char* name = "read_file";
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EMFILE, EISDIR, EFBIG};
    auto start() { return bf::read_file(path, max_bytes_); }
    bool succeeded(const bf::io_result<std::vector<std::byte>>& output) const {
        return output && tests::text_of(*output) == text;
    }
    void break_with(int error) {
        if (error == EFBIG)
            max_bytes_ = 3;
        else
            looking_scene::break_with(error);
    }

private:
    std::uint64_t max_bytes_ = 4;
};

class read_text_file_scene : public looking_scene {
public:
    static constexpr const char* name = "read_text_file";
    auto start() { return bf::read_text_file(path); }
    bool succeeded(const bf::io_result<std::string>& output) const { return output && *output == text; }
};

/// What makes or changes "other".
class write_file_scene : public job_scene {
public:
    static constexpr const char* name = "write_file";
    static constexpr std::array breaks{ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EISDIR, EMFILE, ENOSPC, EFBIG};

    auto start() { return bf::write_file(path, tests::bytes_of(written_)); }
    static bool succeeded(const bf::io_result<void>& output) { return output.has_value(); }
    void break_with(int error) {
        if (error == EFBIG) {
            limit_files();
            written_.resize(tests::small_files::max_bytes + 1, 'x');
        } else if (error == EMFILE) {
            (void)path_that_fails(error);
        } else {
            path = error == ENOSPC ? "/dev/full" : path_that_fails(error);
        }
    }
    bool conserved(bool lossy) {
        if (!job_scene::conserved(lossy)) return false;
        return lossy ? written_.starts_with(contents(other)) : contents(other) == written_;
    }

protected:
    std::string path = other;

private:
    std::string written_ = "written";
};

/// All of the new contents or all of the old ones, and nothing else in the directory.
class write_atomically_scene : public job_scene {
public:
    static constexpr const char* name = "write_file_atomically";
    static constexpr std::array breaks{ENOENT, ENOTDIR, EINVAL, EISDIR, EMFILE, EFBIG};

    auto start() { return bf::write_file_atomically(path_, tests::bytes_of(written_)); }
    static bool succeeded(const bf::io_result<void>& output) { return output.has_value(); }
    void break_with(int error) {
        broken_ = true;
        if (error == EFBIG) {
            limit_files();
            written_.resize(tests::small_files::max_bytes + 1, 'x');
        } else if (error == ENOENT) {
            path_ = here / "nothing/below";
        } else if (error == EISDIR) {
            path_ = here / "directory";
            REQUIRE(::mkdir(path_.c_str(), 0700) == 0);
            ++entries_;
        } else {
            path_ = path_that_fails(error);
        }
    }
    bool conserved(bool lossy) {
        heal();
        const bool old = contents(there) == text;
        if (broken_) return old && here.entries() == entries_;
        return here.entries() == entries_ && (contents(there) == written_ || (lossy && old));
    }

private:
    std::string path_ = there;
    std::string written_ = "written";
    bool broken_ = false;
    std::size_t entries_ = 1;
};

class copy_file_scene : public job_scene {
public:
    static constexpr const char* name = "copy_file";
    static constexpr std::array breaks{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EISDIR, EMFILE, ENOSPC};

    auto start() { return bf::copy_file(from_, to_); }
    static bool succeeded(const bf::io_result<std::uint64_t>& output) { return output && *output == 4; }
    void break_with(int error) {
        if (error == ENOSPC)
            to_ = "/dev/full";
        else if (error == EINVAL)
            to_ = there;  // Itself, which stays as it is.
        else
            from_ = path_that_fails(error);
    }
    bool conserved(bool lossy) {
        if (!job_scene::conserved(lossy)) return false;
        return contents(other) == text || (lossy && contents(other).empty());
    }

private:
    std::string from_ = there;
    std::string to_ = other;
};

class create_directories_scene : public job_scene {
public:
    static constexpr const char* name = "create_directories";
    static constexpr std::array breaks{ENOTDIR, ENAMETOOLONG, EINVAL};

    auto start() {
        std::filesystem::remove_all(other);
        return bf::create_directories(path_);
    }
    static bool succeeded(const bf::io_result<void>& output) { return output.has_value(); }
    void break_with(int error) { path_ = path_that_fails(error); }
    bool conserved(bool lossy) {
        return job_scene::conserved(lossy) && (lossy || std::filesystem::is_directory(path_));
    }

private:
    std::string path_ = other + "/and/below";
};

class create_temporary_scene : public job_scene {
public:
    static constexpr const char* name = "create_temporary";
    static constexpr std::array breaks = ways_of_paths;

    auto start() { return bf::create_temporary(path_); }
    bool succeeded(const bf::io_result<bf::file>& output) const { return output && here.entries() == 1; }
    void break_with(int error) {
        path_ = path_that_fails(error);
        if (error == ELOOP) ++entries_;
    }
    bool conserved(bool lossy) { return job_scene::conserved(lossy) && here.entries() == entries_; }

private:
    std::string path_ = here.path();
    std::size_t entries_ = 1;
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_look_at_a_path_leaves_it_alone", "", exists_scene, read_link_scene, read_file_scene,
                   read_text_file_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_whole_file_leaves_it_whole_or_as_it_was", "", write_file_scene,
                   write_atomically_scene, copy_file_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_what_a_thread_makes_leaves_no_trace_but_that", "", create_directories_scene,
                   create_temporary_scene) {
    tests::run_matrix<TestType>();
}
