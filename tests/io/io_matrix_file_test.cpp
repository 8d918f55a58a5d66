// The matrix of open files: reads, writes, what is done to them, locks.
#include "io/file_scene.hpp"
#include "uninterrupted.hpp"
#include <bifilar/io/files/file.hpp>

#include <limits>
#include <sys/eventfd.h>
#include <sys/file.h>

using tests::file_scene;
using tests::way;
namespace bf = bifilar;

namespace {

using bf::file_op;
using count = bf::io_result<std::size_t>;

constexpr auto faults_of_writes = tests::file_faults(file_op::write, EIO, ENOSPC, EDQUOT, EFBIG, EPERM, EROFS, EBADF,
                                                     EINVAL, ENXIO, EOVERFLOW, ESPIPE, EPIPE, ESTALE);

/// Of a file of the page cache, or of one of /proc, which no cache answers for: so the read waits.
template <way How>
class reading_scene : public file_scene<How> {
public:
    static constexpr auto faults = tests::file_faults(file_op::read, EIO, EBADF, EINVAL, EISDIR, ENXIO, EOVERFLOW,
                                                      ESPIPE, ENOMEM, ESTALE, ETIMEDOUT);
    bool conserved(bool) {
        this->heal();
        return tests::contents(this->there) == this->text;  // Of all else nothing is left.
    }

protected:
    bf::file open = this->open_now(How == way::cached ? this->there : "/proc/self/coredump_filter", O_RDONLY);
    std::uint64_t offset = 0;
    std::array<std::byte, 4> into{};
};

template <way How>
class read_at_scene : public reading_scene<How> {
public:
    static constexpr const char* name = "read_at";
    static constexpr std::array breaks{EBADF, EISDIR, EINVAL};

    bf::file_transfer_future start() { return this->open.read_at(this->into, this->offset); }
    bool succeeded(const count& output) const { return output && *output > 0 && *output <= this->into.size(); }
    void break_with(int error) {
        if (error == EBADF) this->open = this->open_now(this->there, O_WRONLY);
        if (error == EISDIR) this->open = this->open_now(this->here.path(), O_RDONLY);
        if (error == EINVAL) this->offset = std::numeric_limits<std::uint64_t>::max();
    }
};

template <way How>
class read_exact_at_scene : public reading_scene<How> {
public:
    static constexpr const char* name = "read_exact_at";
    static constexpr std::array breaks{ENODATA, ESPIPE};

    bf::file_transfer_future start() { return this->open.read_exact_at(this->into, this->offset); }
    bool succeeded(const count& output) const { return output && *output == this->into.size(); }
    void break_with(int error) {
        if (error == ENODATA) this->offset = 1'000;
        if (error == ESPIPE) this->open = bf::file{::eventfd(0, EFD_CLOEXEC)};
    }
};

/// Its position is where its successes have moved it.
class cursor_scene : public reading_scene<way::call> {
public:
    static constexpr const char* name = "read_exact of a cursor";
    static constexpr std::array breaks{ENODATA, EINVAL};

    bf::file_transfer_future start() {
        before_ = cursor_.position();
        return cursor_.read_exact(std::span{into}.first(1));
    }
    bool succeeded(const count& output) {
        moved_ += output.value_or(0);
        return output && *output == 1 && cursor_.position() == before_ + 1;
    }
    void break_with(int error) { cursor_.seek(error == ENODATA ? 1'000 : std::numeric_limits<std::uint64_t>::max()); }
    bool conserved(bool lossy) { return reading_scene::conserved(lossy) && (lossy || cursor_.position() == moved_); }

private:
    bf::file_cursor cursor_ = open.reader();
    std::uint64_t before_ = 0;
    std::uint64_t moved_ = 0;
};

/// Writes what is there already, so a part and a whole look alike. A file of /proc again where it is to wait.
template <way How>
class writing_scene : public file_scene<How> {
public:
    static constexpr auto faults = faults_of_writes;
    static constexpr std::array breaks{EBADF, ENOSPC, EFBIG, EINVAL};

    bool succeeded(const count& output) const { return output && *output == from.size(); }
    bool conserved(bool) {
        this->heal();
        return tests::contents(path_) == was_;
    }
    void break_with(int error) {
        if (error == EBADF) open = this->open_now(this->there, O_RDONLY);
        if (error == ENOSPC) open = this->open_now("/dev/full", O_WRONLY);
        if (error == EINVAL) offset = std::numeric_limits<std::uint64_t>::max();
        if (error != EFBIG) return;
        open = this->open_now(this->there, O_WRONLY);
        offset = tests::small_files::max_bytes;
        this->limit_files();
    }

private:
    const std::string path_ = How == way::cached ? this->there : "/proc/self/coredump_filter";
    const std::string was_ = tests::contents(path_);
    const std::string written_ = How == way::cached ? was_ : "0x" + was_;

protected:
    const std::span<const std::byte> from = tests::bytes_of(written_);
    bf::file open = this->open_now(path_, O_WRONLY);
    std::uint64_t offset = 0;
};

template <way How>
class write_at_scene : public writing_scene<How> {
public:
    static constexpr const char* name = "write_at";
    bf::file_transfer_future start() { return this->open.write_at(this->from, this->offset); }
};

template <way How>
class write_all_at_scene : public writing_scene<How> {
public:
    static constexpr const char* name = "write_all_at";
    bf::file_transfer_future start() { return this->open.write_all_at(this->from, this->offset); }
};

class append_scene : public file_scene<way::cached> {
public:
    static constexpr const char* name = "append";
    static constexpr auto faults = faults_of_writes;
    static constexpr std::array breaks{EBADF, EFBIG};  // /dev/full knows no end to append to.

    bf::file_transfer_future start() {
        ++started_;
        return open_.append(tests::bytes_of(text));
    }
    bool succeeded(const count& output) {
        if (!output || *output != 4) return false;
        ++appended_;
        return true;
    }
    void break_with(int error) {
        if (error == EBADF) open_ = open_now(there, O_RDONLY);
        if (error != EFBIG) return;
        REQUIRE(::truncate(there.c_str(), tests::small_files::max_bytes) == 0);
        limit_files();
        filled_ = true;
    }
    // Each that ended is there once and whole; one that was cancelled once or not at all.
    bool conserved(bool lossy) {
        heal();
        if (filled_) return tests::contents(there).size() == tests::small_files::max_bytes;
        const std::string found = tests::contents(there);
        const std::size_t times = found.size() / 4 - 1;
        if (found.size() % 4 != 0 || times < appended_ || times > started_) return false;
        return lossy || times == appended_;
    }

private:
    bf::file open_ = open_now(there, O_WRONLY);
    std::size_t started_ = 0;
    std::size_t appended_ = 0;
    bool filled_ = false;
};

/// What answers nothing but whether it was done.
class action_scene : public file_scene<way::call> {
public:
    static bool succeeded(const bf::io_result<void>& output) { return output.has_value(); }
    bool conserved(bool) {
        heal();
        return tests::contents(there) == text;
    }

protected:
    bf::file open = open_now(there, O_RDWR);
};

class sync_scene : public action_scene {
public:
    static constexpr const char* name = "sync";
    static constexpr auto faults = tests::file_faults(file_op::sync, EIO, ENOSPC, EDQUOT, EROFS, EBADF, EINVAL, ESTALE);
    static constexpr std::array breaks{EBADF, EINVAL};

    bf::file_action_future start() { return open.sync(); }
    // What is no file has nothing to be brought to a disk.
    void break_with(int error) {
        open = error == EBADF ? open_now(there, O_PATH) : bf::file{::eventfd(0, EFD_CLOEXEC)};
    }
};

class sync_data_scene : public sync_scene {
public:
    static constexpr const char* name = "sync_data";
    bf::file_action_future start() { return open.sync_data(); }
};

class truncate_scene : public action_scene {
public:
    static constexpr const char* name = "truncate";
    static constexpr auto faults = tests::file_faults(file_op::truncate, EIO, ENOSPC, EDQUOT, EFBIG, EPERM, EROFS,
                                                      EACCES, ETXTBSY, EBADF, EINVAL, ESTALE);
    static constexpr std::array breaks{EBADF, EINVAL, EFBIG};

    bf::file_action_future start() { return open.truncate(bytes_); }
    void break_with(int error) {
        if (error == EBADF) open = open_now(there, O_PATH);
        if (error == EINVAL) open = open_now(there, O_RDONLY);
        if (error != EFBIG) return;
        bytes_ = tests::small_files::max_bytes + 1;
        limit_files();
    }

private:
    std::uint64_t bytes_ = 4;
};

// No breaks: what is open has both.
constexpr auto faults_of_open_status =
    tests::file_faults(file_op::status, EIO, ENOMEM, EACCES, EBADF, EOVERFLOW, ESTALE, ETIMEDOUT);

class size_scene : public action_scene {
public:
    static constexpr const char* name = "size";
    static constexpr auto faults = faults_of_open_status;
    bf::size_future start() { return open.size(); }
    static bool succeeded(const bf::io_result<std::uint64_t>& output) { return output && *output == 4; }
};

class metadata_scene : public action_scene {
public:
    static constexpr const char* name = "metadata of an open file";
    static constexpr auto faults = faults_of_open_status;
    bf::metadata_future start() { return open.metadata(); }
    static bool succeeded(const bf::io_result<bf::file_metadata>& output) { return output && output->size_bytes == 4; }
};

/// Closes a descriptor of its own each time, whatever becomes of it. Its failures are those of broken disks.
class close_scene : public action_scene {
public:
    static constexpr const char* name = "close";
    static constexpr auto faults = tests::file_faults(file_op::close, EIO, ENOSPC, EDQUOT, ESTALE);
    auto start() { return open_now(there, O_RDONLY).close(); }
};

/// Waits for another holder, by timers alone: no driver and no thread has anything in flight.
class lock_scene : public action_scene {
public:
    static constexpr const char* name = "lock";
    static constexpr std::uint64_t in_flight = 0;
    static constexpr std::array<tests::file_fault, 0> faults{};  // flock(2) is not a driver's call.
    static constexpr std::array breaks{EBADF};

    lock_scene() {
        REQUIRE(tests::uninterrupted([&] { return ::flock(other_.descriptor(), LOCK_EX); }) == 0);
    }
    [[nodiscard]] static bool waits() { return true; }
    auto start() { return open.lock(); }
    void let() { REQUIRE(::flock(other_.descriptor(), LOCK_UN) == 0); }
    void break_with(int) { open = open_now(there, O_PATH); }
    // Cancelled, it does not have it.
    bool conserved(bool) {
        if (::fcntl(open.descriptor(), F_GETFL) & O_PATH) return true;
        REQUIRE(open.unlock().has_value());
        return ::flock(other_.descriptor(), LOCK_EX | LOCK_NB) == 0;
    }

private:
    bf::file other_ = open_now(there, O_RDONLY);
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_files_read_moves_what_it_tells", "", read_at_scene<way::cached>,
                   read_at_scene<way::call>, read_exact_at_scene<way::cached>, read_exact_at_scene<way::call>,
                   cursor_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_files_write_leaves_whole_contents", "", write_at_scene<way::cached>,
                   write_at_scene<way::call>, write_all_at_scene<way::cached>, write_all_at_scene<way::call>,
                   append_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_call_on_a_file_conserves_descriptors_and_locks", "", sync_scene, sync_data_scene,
                   truncate_scene, size_scene, metadata_scene, close_scene, lock_scene) {
    tests::run_matrix<TestType>();
}
