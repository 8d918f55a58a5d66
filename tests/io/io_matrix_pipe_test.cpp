// The matrix of pipes and FIFOs. Their opens do not wait, so those are no rows: a reader is there before any writer.
#include "io/io_matrix.hpp"
#include "io/pipe_ends.hpp"
#include "io/scratch_directory.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using tests::fault;
namespace bf = bifilar;
using bf::op_kind;
using tests::pipe_ends;

namespace {

struct unnamed {
    static pipe_ends open() { return tests::open_pipe(); }
};

/// By the path of a FIFO, which is gone from the directory once both ends are open.
struct named {
    static pipe_ends open() {
        const tests::scratch_directory here;
        const std::string path = here / "fifo";
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        REQUIRE(bf::pipe_writer::open(path).error() == std::errc::no_such_device_or_address);
        bf::pipe_reader reader = bf::pipe_reader::open(path).value();
        return {std::move(reader), bf::pipe_writer::open(path).value()};
    }
};

/// Reads what is there and forgets it. How many bytes it was.
std::size_t drain(int descriptor) {
    std::array<char, 4096> buffer;
    std::size_t sum = 0;
    for (ssize_t got = 0; (got = ::read(descriptor, buffer.data(), buffer.size())) > 0;)
        sum += static_cast<std::size_t>(got);
    return sum;
}

bf::owned_descriptor open_now(const char* path, int flags) {
    const int opened = ::open(path, flags | O_CLOEXEC);
    REQUIRE(opened >= 0);
    return bf::owned_descriptor{opened};
}

/// Waits for bytes, of which let() sends four.
template <class Kind>
class reading_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array breaks{EBADF, EISDIR};

    void let() {
        if (broken_) return;
        REQUIRE(::write(far_.descriptor(), "four", 4) == 4);
        sent_ += 4;
    }
    // A reader that was made of what cannot be read.
    void break_with(int error) {
        broken_ = true;
        near =
            bf::pipe_reader::adopt(error == EBADF ? open_now("/dev/null", O_WRONLY) : open_now("/", O_RDONLY)).value();
    }
    bool conserved(bool lossy) {
        if (broken_) return true;
        const std::size_t known = received_ + drain(near.descriptor());
        return lossy ? known <= sent_ : known == sent_;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output) return false;
        received_ += *output;
        return *output > 0 && *output <= sent_;
    }

private:
    explicit reading_scene(pipe_ends ends) : near{std::move(ends.first)}, far_{std::move(ends.second)} {}

public:
    reading_scene() : reading_scene{Kind::open()} {}

protected:
    void close_far() { far_.close(); }

    bf::pipe_reader near;

private:
    bf::pipe_writer far_;
    bool broken_ = false;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
};

template <class Kind>
class read_scene : public reading_scene<Kind> {
public:
    static constexpr const char* name = "read of a pipe";
    static constexpr std::array faults{fault{op_kind::read, EIO}, fault{op_kind::read, ENOMEM}};
    bf::stream_read_future start() { return this->near.read(into_); }

private:
    std::array<std::byte, 16> into_{};
};

template <class Kind>
class read_exact_scene : public reading_scene<Kind> {
public:
    static constexpr const char* name = "read_exact of a pipe";
    static constexpr std::array faults{fault{op_kind::read, EIO}};
    bf::stream_read_future start() { return this->near.read_exact(into_); }
    int break_it() {  // The end, to who wants more.
        this->close_far();
        return ENODATA;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        return reading_scene<Kind>::succeeded(output) && *output == into_.size();
    }

private:
    std::array<std::byte, 4> into_{};
};

template <class Kind>
class read_vectored_scene : public reading_scene<Kind> {
public:
    static constexpr const char* name = "read_vectored of a pipe";
    static constexpr std::array faults{fault{op_kind::read_vector, EIO}, fault{op_kind::read_vector, ENOMEM}};
    bf::vector_transfer_future start() { return this->near.read_vectored(into_); }

private:
    std::array<std::byte, 1> first_{};
    std::array<std::byte, 3> second_{};
    std::array<iovec, 2> into_{iovec{first_.data(), first_.size()}, iovec{second_.data(), second_.size()}};
};

/// Waits for room, which let() makes.
template <class Kind>
class writing_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array breaks{EBADF, ENOSPC};
    static constexpr std::size_t bytes = 8;

    void let() { received_ += broken_ ? 0 : drain(far_.descriptor()); }
    int break_it() {
        far_.close();
        return EPIPE;
    }
    void break_with(int error) {
        broken_ = true;
        near =
            bf::pipe_writer::adopt(error == EBADF ? open_now("/", O_RDONLY) : open_now("/dev/full", O_WRONLY)).value();
    }
    bool conserved(bool lossy) {
        if (broken_ || far_.descriptor() < 0) return true;
        let();
        return lossy ? received_ >= taken_ && received_ <= taken_ + bytes : received_ == taken_;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output) return false;
        taken_ += *output;
        return *output == bytes;  // All or nothing, up to PIPE_BUF.
    }

private:
    explicit writing_scene(pipe_ends ends) : near{std::move(ends.second)}, far_{std::move(ends.first)} {
        REQUIRE(near.set_capacity(4096).has_value());
        const std::vector<char> much(near.capacity().value());
        for (ssize_t took = 0; (took = ::write(near.descriptor(), much.data(), much.size())) > 0;)
            taken_ += static_cast<std::size_t>(took);
    }

public:
    writing_scene() : writing_scene{Kind::open()} {}

protected:
    bf::pipe_writer near;

private:
    bf::pipe_reader far_;
    bool broken_ = false;
    std::size_t taken_ = 0;
    std::size_t received_ = 0;
};

template <class Kind>
class write_scene : public writing_scene<Kind> {
public:
    static constexpr const char* name = "write to a pipe";
    static constexpr std::array faults{fault{op_kind::write, EPIPE}, fault{op_kind::write, EIO},
                                       fault{op_kind::write, ENOMEM}};
    bf::stream_write_future start() { return this->near.write(from_); }

private:
    std::array<std::byte, writing_scene<Kind>::bytes> from_{};
};

template <class Kind>
class write_all_scene : public writing_scene<Kind> {
public:
    static constexpr const char* name = "write_all to a pipe";
    static constexpr std::array faults{fault{op_kind::write, EPIPE}};
    bf::stream_write_future start() { return this->near.write_all(from_); }

private:
    std::array<std::byte, writing_scene<Kind>::bytes> from_{};
};

template <class Kind>
class write_vectored_scene : public writing_scene<Kind> {
public:
    static constexpr const char* name = "write_vectored to a pipe";
    static constexpr std::array faults{fault{op_kind::write_vector, EPIPE}, fault{op_kind::write_vector, ENOMEM}};
    bf::vector_transfer_future start() { return this->near.write_vectored(from_); }

private:
    std::array<std::byte, writing_scene<Kind>::bytes / 2> half_{};
    std::array<iovec, 2> from_{iovec{half_.data(), half_.size()}, iovec{half_.data(), half_.size()}};
};

template <class Kind>
class write_all_vectored_scene : public writing_scene<Kind> {
public:
    static constexpr const char* name = "write_all_vectored to a pipe";
    static constexpr std::array faults{fault{op_kind::write_vector, EPIPE}};
    bf::vector_write_all_future start() {
        from_ = {iovec{half_.data(), half_.size()}, iovec{half_.data(), half_.size()}};
        return this->near.write_all_vectored(from_);
    }

private:
    std::array<std::byte, writing_scene<Kind>::bytes / 2> half_{};
    std::array<iovec, 2> from_{};
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_pipes_read_conserves_bytes_and_descriptors", "", read_scene<unnamed>,
                   read_exact_scene<unnamed>, read_vectored_scene<unnamed>, read_scene<named>,
                   read_exact_scene<named>) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_pipes_write_conserves_bytes_and_descriptors", "", write_scene<unnamed>,
                   write_all_scene<unnamed>, write_vectored_scene<unnamed>, write_all_vectored_scene<unnamed>,
                   write_scene<named>, write_all_scene<named>) {
    tests::run_matrix<TestType>();
}
