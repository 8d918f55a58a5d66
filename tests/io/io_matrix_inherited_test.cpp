// The matrix of inherited streams: pipes and sockets that block, which are used only when they are ready.
#include "io/io_matrix.hpp"
#include "io/stream_pair.hpp"
#include "io/waiting_bytes.hpp"
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/process/standard_stream.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using tests::fault;
namespace bf = bifilar;
using bf::op_kind;

namespace {

/// Both ends block.
struct blocking_ends {
    explicit blocking_ends(std::array<int, 2> made) : from{made[0]}, to{made[1]} {}
    bf::owned_descriptor from;
    bf::owned_descriptor to;
};

struct of_pipe {
    static blocking_ends open() {
        std::array<int, 2> made{};
        REQUIRE(::pipe2(made.data(), O_CLOEXEC) == 0);
        return blocking_ends{made};
    }
    static std::size_t fill(int to) {
        const int bytes = ::fcntl(to, F_SETPIPE_SZ, 4096);
        REQUIRE(bytes > 0);
        const std::vector<char> much(static_cast<std::size_t>(bytes));
        REQUIRE(::write(to, much.data(), much.size()) == bytes);
        return much.size();
    }
};

struct of_socket {
    static blocking_ends open() { return blocking_ends{tests::local_stream()}; }
    static std::size_t fill(int to) {
        const std::vector<char> much(65'536);
        std::size_t sum = 0;
        for (ssize_t took = 0; (took = ::send(to, much.data(), much.size(), MSG_DONTWAIT)) > 0;)
            sum += static_cast<std::size_t>(took);
        return sum;
    }
};

bf::owned_descriptor open_now(const char* path, int flags) {
    bf::owned_descriptor opened{::open(path, flags | O_CLOEXEC)};
    REQUIRE(opened);
    return opened;
}

/// Waits for bytes, of which let() sends four.
template <class Kind>
class input_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array breaks{EBADF, EISDIR};

    void let() {
        if (broken_) return;
        REQUIRE(::write(ends_.to.get(), "four", 4) == 4);
        sent_ += 4;
    }
    void break_with(int error) {
        broken_ = true;
        const bf::owned_descriptor unreadable =
            error == EBADF ? open_now("/dev/null", O_WRONLY) : open_now("/", O_RDONLY);
        near = bf::input_stream::duplicate(unreadable.get()).value();
    }
    bool conserved(bool lossy) {
        const std::size_t known = received_ + tests::waiting_bytes(ends_.from.get());
        return lossy ? known <= sent_ : known == sent_;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output) return false;
        received_ += *output;
        return *output > 0 && *output <= sent_;
    }

protected:
    void close_far() { ends_.to.reset(); }

private:
    blocking_ends ends_ = Kind::open();
    bool broken_ = false;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;

protected:
    bf::input_stream near = bf::input_stream::duplicate(ends_.from.get()).value();
};

template <class Kind>
class read_scene : public input_scene<Kind> {
public:
    static constexpr const char* name = "read of an input_stream";
    static constexpr std::array faults{fault{op_kind::read_ready, EIO}, fault{op_kind::read_ready, ENOMEM},
                                       fault{op_kind::read_ready, ECONNRESET}};
    bf::stream_read_future start() { return this->near.read(into_); }

private:
    std::array<std::byte, 16> into_{};
};

template <class Kind>
class read_exact_scene : public input_scene<Kind> {
public:
    static constexpr const char* name = "read_exact of an input_stream";
    static constexpr std::array faults{fault{op_kind::read_ready, EIO}};
    bf::stream_read_future start() { return this->near.read_exact(into_); }
    int break_it() {  // The end, to who wants more.
        this->close_far();
        return ENODATA;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        return input_scene<Kind>::succeeded(output) && *output == into_.size();
    }

private:
    std::array<std::byte, 4> into_{};
};

/// Waits for room, which let() makes.
template <class Kind>
class output_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array breaks{EBADF, ENOSPC};
    static constexpr std::size_t bytes = 8;

    void let() {
        if (!ends_.from) return;
        std::array<char, 4096> buffer;
        for (std::size_t left = tests::waiting_bytes(ends_.from.get()); left != 0;) {
            const ssize_t got = ::read(ends_.from.get(), buffer.data(), std::min(left, buffer.size()));
            REQUIRE(got > 0);
            left -= static_cast<std::size_t>(got);
            received_ += static_cast<std::size_t>(got);
        }
    }
    int break_it() {
        ends_.from.reset();
        return EPIPE;
    }
    void break_with(int error) {
        const bf::owned_descriptor unwritable =
            error == EBADF ? open_now("/dev/null", O_RDONLY) : open_now("/dev/full", O_WRONLY);
        near = bf::output_stream::duplicate(unwritable.get()).value();
    }
    bool conserved(bool lossy) {
        if (!ends_.from) return true;
        let();
        return lossy ? received_ >= taken_ && received_ <= taken_ + bytes : received_ == taken_;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output) return false;
        taken_ += *output;
        return *output == bytes;
    }

private:
    blocking_ends ends_ = Kind::open();
    std::size_t taken_ = Kind::fill(ends_.to.get());
    std::size_t received_ = 0;

protected:
    bf::output_stream near = bf::output_stream::duplicate(ends_.to.get()).value();
    const std::array<std::byte, bytes> from{};
};

template <class Kind>
class write_scene : public output_scene<Kind> {
public:
    static constexpr const char* name = "write to an output_stream";
    static constexpr std::array faults{fault{op_kind::write_ready, EPIPE}, fault{op_kind::write_ready, EIO},
                                       fault{op_kind::write_ready, ENOMEM}};
    bf::stream_write_future start() { return this->near.write(this->from); }
};

template <class Kind>
class write_all_scene : public output_scene<Kind> {
public:
    static constexpr const char* name = "write_all to an output_stream";
    static constexpr std::array faults{fault{op_kind::write_ready, EPIPE}, fault{op_kind::write_ready, ENOSPC}};
    bf::stream_write_future start() { return this->near.write_all(this->from); }
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_an_inherited_streams_read_conserves_bytes_and_descriptors", "", read_scene<of_pipe>,
                   read_exact_scene<of_pipe>, read_scene<of_socket>, read_exact_scene<of_socket>) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_an_inherited_streams_write_conserves_bytes_and_descriptors", "", write_scene<of_pipe>,
                   write_all_scene<of_pipe>, write_scene<of_socket>, write_all_scene<of_socket>) {
    tests::run_matrix<TestType>();
}
