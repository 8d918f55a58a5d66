// The matrix of what moves bytes from one place to another: copies of streams, with and without the process seeing
// them, and files into sockets.
#include "io/scratch_directory.hpp"
#include "io/stream_scene.hpp"
#include <bifilar/io/net/send_file.hpp>
#include <bifilar/io/net/splice_all.hpp>
#include <bifilar/io/net/splice_bidirectional.hpp>
#include <bifilar/io/streams/copy.hpp>
#include <bifilar/io/streams/copy_bidirectional.hpp>

#include <fcntl.h>
#include <optional>

using tests::bare_stream_pair;
using tests::fault;
namespace bf = bifilar;
using bf::op_kind;

namespace {

constexpr std::size_t part = 4;

struct copying {
    static constexpr const char* one_way_in = "copy, which waits for its reader";
    static constexpr const char* one_way_out = "copy, which waits for its writer";
    static constexpr const char* bidirectional = "copy_bidirectional";
    static constexpr op_kind in = op_kind::recv;
    static constexpr op_kind out = op_kind::send;
    static auto part_of(bf::tcp_stream& from, bf::tcp_stream& to) {
        bf::copy_options options;
        options.limit = part;
        return bf::copy(from, to, options);
    }
    static auto both(bf::tcp_stream& a, bf::tcp_stream& b) { return bf::copy_bidirectional(a, b); }
};

struct splicing {
    static constexpr const char* one_way_in = "splice_all, which waits for its reader";
    static constexpr const char* one_way_out = "splice_all, which waits for its writer";
    static constexpr const char* bidirectional = "splice_bidirectional";
    static constexpr op_kind in = op_kind::splice_in;
    static constexpr op_kind out = op_kind::splice_out;
    static auto part_of(bf::tcp_stream& from, bf::tcp_stream& to) {
        bf::splice_options options;
        options.limit = part;
        return bf::splice_all(from, to, options);
    }
    static auto both(bf::tcp_stream& a, bf::tcp_stream& b) { return bf::splice_bidirectional(a, b); }
};

void send_part(int descriptor) { REQUIRE(::send(descriptor, "four", part, MSG_NOSIGNAL) == part); }

/// Waits for bytes to copy, which let() sends.
template <class How>
class copy_scene {
public:
    static constexpr const char* name = How::one_way_in;
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr auto faults = tests::faults_of_receives<How::in>;

    auto start() { return How::part_of(from_.near, to_.near); }
    void let() {
        send_part(from_.far);
        sent_ += part;
    }
    int break_it() {
        REQUIRE(::send(from_.near.descriptor(), "unread", 6, 0) == 6);
        from_.close_far();
        return ECONNRESET;
    }
    static bool succeeded(const bf::copy_result& output) { return output && output.bytes == part; }
    bool conserved(bool lossy) {
        const std::size_t known = bare_stream_pair::drain(to_.far) + bare_stream_pair::drain(from_.near.descriptor());
        return lossy ? known <= sent_ : known == sent_;
    }

private:
    bare_stream_pair from_;
    bare_stream_pair to_;
    std::size_t sent_ = 0;
};

/// Has read and waits for room, which let() makes. What it had read when it failed or was cancelled is lost, so only
/// how much arrives is known.
template <class How>
class full_copy_scene {
public:
    static constexpr const char* name = How::one_way_out;
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr auto faults = tests::faults_of_sends<How::out>;

    auto start() {
        send_part(from_.far);
        return How::part_of(from_.near, to_.ends.near);
    }
    void let() { to_.let(); }
    int break_it() { return to_.break_it(); }
    bool succeeded(const bf::copy_result& output) {
        if (!output || output.bytes != part) return false;
        to_.taken += part;
        return true;
    }
    bool conserved(bool lossy) { return to_.conserved(lossy); }

private:
    struct full_stream : tests::writing_scene {
        using writing_scene::ends;
        using writing_scene::taken;
    };

    bare_stream_pair from_;
    full_stream to_;
};

/// Each way waits for bytes and their end, which let() sends once; afterwards both streams are at their ends.
template <class How>
class bidirectional_scene {
public:
    static constexpr const char* name = How::bidirectional;
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr std::uint64_t in_flight = 2;
    static constexpr auto faults = tests::faults_of_receives<How::in>;

    auto start() { return How::both(a_.near, b_.near); }
    void let() {
        if (std::exchange(let_, true)) return;
        for (const int far : {a_.far, b_.far}) {
            send_part(far);
            REQUIRE(::shutdown(far, SHUT_WR) == 0);
        }
    }
    int break_it() {
        REQUIRE(::send(a_.near.descriptor(), "unread", 6, 0) == 6);
        a_.close_far();
        return ECONNRESET;
    }
    static bool succeeded(const bf::bidirectional_copy_result& output) {
        return output && output.a_to_b.bytes <= part && output.b_to_a.bytes <= part;
    }
    bool conserved(bool lossy) {
        const std::size_t sent = let_ ? 2 * part : 0;
        std::size_t known = 0;
        for (const int end : {a_.far, b_.far, a_.near.descriptor(), b_.near.descriptor()})
            if (end >= 0) known += bare_stream_pair::drain(end);
        return lossy ? known <= sent : known == sent;
    }

private:
    bare_stream_pair a_;
    bare_stream_pair b_;
    bool let_ = false;
};

/// There is no pipe to be had.
class pipeless_scene : public copy_scene<splicing> {
public:
    static constexpr const char* name = "splice_all without a pipe";
    static constexpr std::array breaks{EMFILE};

    void break_with(int) { no_descriptors_.emplace(); }
    bool conserved(bool lossy) {
        no_descriptors_.reset();
        return copy_scene::conserved(lossy);
    }

private:
    std::optional<tests::no_descriptors_left> no_descriptors_;
};

/// Waits for room in the socket; the file is in the page cache.
class send_file_scene : public tests::writing_scene {
public:
    static constexpr const char* name = "send_file";
    static constexpr std::array faults{fault{op_kind::send_file, ECONNRESET}, fault{op_kind::send_file, EPIPE},
                                       fault{op_kind::send_file, EIO}, fault{op_kind::send_file, ENOMEM}};
    static constexpr std::array breaks{EBADF, EINVAL, EPIPE};

    bf::send_file_future start() { return bf::send_file(ends.near, from_, 0, bytes); }
    bool succeeded(const bf::io_result<std::uint64_t>& output) { return output && *output == bytes && took(*output); }
    void break_with(int error) {
        if (error == EBADF) from_ = open_now(O_WRONLY);
        if (error == EINVAL) from_ = bf::file{::open(here_.path().c_str(), O_RDONLY | O_CLOEXEC)};
        if (error == EPIPE) REQUIRE(::shutdown(ends.near.descriptor(), SHUT_WR) == 0);
    }
    // A descriptor that is closed meanwhile would be another's later: nothing of it may be under way any more.
    bool conserved(bool lossy) {
        if (from_.at().descriptor() < 0) return false;
        return writing_scene::conserved(lossy);
    }

private:
    bf::file open_now(int flags) {
        const std::string path = here_.with_file("file", "12345678");
        return bf::file{::open(path.c_str(), flags | O_CLOEXEC)};
    }

    const tests::scratch_directory here_;
    bf::file from_ = open_now(O_RDONLY);
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_copy_conserves_bytes_and_descriptors", "", copy_scene<copying>,
                   full_copy_scene<copying>, bidirectional_scene<copying>) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_splice_conserves_bytes_and_descriptors", "", copy_scene<splicing>,
                   full_copy_scene<splicing>, bidirectional_scene<splicing>, pipeless_scene) {
    tests::run_matrix<TestType>();
}

TEST_CASE("every_fate_of_a_file_sent_conserves_bytes_and_descriptors") { tests::run_matrix<send_file_scene>(); }
