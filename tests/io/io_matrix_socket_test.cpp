// The matrix of what is neither read nor write: accept, connect, and waits for readiness.
#include "io/io_matrix.hpp"
#include "io/scratch_directory.hpp"
#include "uninterrupted.hpp"
#include <bifilar/io/net/unix_datagram.hpp>
#include <bifilar/io/net/unix_listener.hpp>

#include <cerrno>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using tests::fault;
namespace bf = bifilar;
using bf::op_kind;

namespace {

/// A bare TCP socket that is closed in the end.
class bare_socket {
public:
    bare_socket() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} { REQUIRE(descriptor_ >= 0); }
    bare_socket(bare_socket&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    bare_socket& operator=(bare_socket&&) = delete;
    ~bare_socket() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    void bind() const {
        const auto any = bf::socket_address::parse("127.0.0.1:0").value();
        REQUIRE(::bind(descriptor_, any.data(), any.size()) == 0);
    }
    /// To a listener with room for one more; the kernel sees to it at once.
    void connect(const bf::socket_address& to) const { REQUIRE(tests::connect_uninterrupted(descriptor_, to) == 0); }
    [[nodiscard]] bf::socket_address address() const { return bf::socket_address::local(descriptor_).value(); }
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

class accept_scene {
public:
    static constexpr const char* name = "accept";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::accept, EMFILE},       fault{op_kind::accept, ENFILE},
                                       fault{op_kind::accept, ECONNABORTED}, fault{op_kind::accept, ENOBUFS},
                                       fault{op_kind::accept, ENOMEM},       fault{op_kind::accept, EPERM},
                                       fault{op_kind::accept, EPROTO}};

    accept_scene() : listener_{bf::tcp_listener::bind("127.0.0.1:0").value()} {}
    auto start() { return listener_.accept(); }
    void let() {
        clients_.emplace_back();
        clients_.back().connect(listener_.local_address().value());
    }
    static bool succeeded(const bf::io_result<bf::tcp_stream>& output) { return output && output->descriptor() >= 0; }
    int break_it() {
        REQUIRE(::shutdown(listener_.descriptor(), SHUT_RDWR) == 0);
        return EINVAL;
    }
    static bool conserved(bool) { return true; }

private:
    bf::tcp_listener listener_;
    std::vector<bare_socket> clients_;
};

/// Connects to a listener whose queue is full, until it is told of another one.
class connect_scene {
public:
    static constexpr const char* name = "connect";
    static constexpr bool in_time = false;  // The kernel tries again after a second.
    static constexpr bool exclusive = false;
    static constexpr std::array faults{fault{op_kind::connect, ECONNREFUSED},  fault{op_kind::connect, ETIMEDOUT},
                                       fault{op_kind::connect, ENETUNREACH},   fault{op_kind::connect, EHOSTUNREACH},
                                       fault{op_kind::connect, ECONNRESET},    fault{op_kind::connect, EACCES},
                                       fault{op_kind::connect, EADDRNOTAVAIL}, fault{op_kind::connect, EADDRINUSE},
                                       fault{op_kind::connect, EPERM},         fault{op_kind::connect, ENOBUFS},
                                       fault{op_kind::connect, ENOMEM}};

    connect_scene() : to_{full_.address()} {}
    auto start() { return bf::tcp_stream::connect(to_); }
    void let() { to_ = open_.local_address().value(); }
    bool succeeded(const bf::io_result<bf::tcp_stream>& output) {
        return output && output->peer_address().value().to_string() == to_.to_string();
    }
    int break_it() {
        to_ = silent_.address();
        return ECONNREFUSED;
    }
    static bool conserved(bool) { return true; }

private:
    // With a backlog of 0 one connection waits to be accepted, and the kernel answers nobody else.
    class full_listener {
    public:
        full_listener() {
            listener_.bind();
            REQUIRE(::listen(listener_.descriptor(), 0) == 0);
            client_.connect(listener_.address());
            pollfd arrived{listener_.descriptor(), POLLIN, 0};
            REQUIRE(tests::uninterrupted([&] { return ::poll(&arrived, 1, -1); }) == 1);
        }
        [[nodiscard]] bf::socket_address address() const { return listener_.address(); }

    private:
        bare_socket listener_;
        bare_socket client_;
    };
    class silent_port : public bare_socket {
    public:
        silent_port() { bind(); }
    };

    full_listener full_;
    silent_port silent_;
    bf::tcp_listener open_ = bf::tcp_listener::bind("127.0.0.1:0").value();
    bf::socket_address to_;
};

/// Waits for room among the connections that nobody has accepted, of which the kernel tells no event: it tries again
/// after pauses, so no driver knows of it. Its call is its own, too, so that all failures are the real kernel's.
class unix_connect_scene {
public:
    static constexpr const char* name = "connect of a unix_stream";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr std::uint64_t in_flight = 0;
    static constexpr std::array<fault, 0> faults{};
    static constexpr std::array breaks{ENOENT, ENOTDIR, ECONNREFUSED, EPROTOTYPE, ENAMETOOLONG, EINVAL, EMFILE};

    unix_connect_scene() {
        for (;;) {
            bf::owned_descriptor filler{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
            if (::connect(filler.get(), to_.data(), to_.size()) != 0) break;
            fillers_.push_back(std::move(filler));
        }
        REQUIRE(errno == EAGAIN);
        connected_ = fillers_.size();
    }

    auto start() { return path_.empty() ? bf::unix_stream::connect(to_) : bf::unix_stream::connect(path_); }
    void let() {
        for (;;) {
            const int got = ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (got < 0) break;
            ::close(got);
            ++accepted_;
        }
    }
    bool succeeded(const bf::io_result<bf::unix_stream>& output) {
        if (!output) return false;
        ++connected_;
        return output->descriptor() >= 0;
    }
    int break_it() {
        REQUIRE(::shutdown(listener_.descriptor(), SHUT_RDWR) == 0);
        return ECONNREFUSED;
    }
    void break_with(int error) {
        path_ = here_ / "nothing";
        if (error == ENOTDIR) path_ = here_.with_file("file", "") + "/below";
        if (error == ECONNREFUSED) path_ = here_.with_file("file", "");
        if (error == EPROTOTYPE) datagrams_ = bf::unix_datagram::bind(path_).value();
        if (error == ENAMETOOLONG) path_.append(108, 'x');
        if (error == EINVAL) path_.push_back('\0');
        if (error == EMFILE) no_descriptors_.emplace();
    }
    // A connection that was made for one who was cancelled is closed again, and ends what it would have had.
    bool conserved(bool lossy) {
        no_descriptors_.reset();
        let();
        return lossy ? accepted_ >= connected_ && accepted_ <= connected_ + 1 : accepted_ == connected_;
    }

private:
    static constexpr bf::unix_bind_options narrow{.backlog = 0};

    const tests::scratch_directory here_;
    bf::unix_listener listener_ = bf::unix_listener::bind(bf::socket_address::unix_unnamed(), narrow).value();
    const bf::socket_address to_ = listener_.local_address().value();
    std::string path_;  // Instead of the listener.
    std::optional<bf::unix_datagram> datagrams_;
    std::vector<bf::owned_descriptor> fillers_;
    std::optional<tests::no_descriptors_left> no_descriptors_;
    std::size_t connected_ = 0;
    std::size_t accepted_ = 0;
};

/// What readiness is waited for by those who make the calls themselves.
class readable_scene {
public:
    static constexpr const char* name = "readable";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::poll_in, ENOMEM}};

    auto start() { return watched_.readable(); }
    void let() {
        const std::uint64_t one = 1;
        REQUIRE(::write(watched_.descriptor(), &one, sizeof one) == sizeof one);
    }
    bool succeeded(const bf::io_result<void>& output) {
        std::uint64_t count = 0;
        return output && ::read(watched_.descriptor(), &count, sizeof count) == sizeof count;
    }
    static bool conserved(bool) { return true; }

private:
    bf::watched_descriptor watched_ =
        bf::watched_descriptor::adopt(bf::owned_descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}).value();
};

/// There is room in an eventfd once it was read.
class writable_scene {
public:
    static constexpr const char* name = "writable";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::poll_out, ENOMEM}};

    writable_scene() { fill(); }
    auto start() { return watched_.writable(); }
    void let() {
        std::uint64_t count = 0;
        (void)!::read(watched_.descriptor(), &count, sizeof count);
    }
    bool succeeded(const bf::io_result<void>& output) {
        if (output) fill();
        return output.has_value();
    }
    static bool conserved(bool) { return true; }

private:
    void fill() {
        const std::uint64_t all = ~std::uint64_t{1};
        REQUIRE(::write(watched_.descriptor(), &all, sizeof all) == sizeof all);
    }

    bf::watched_descriptor watched_ =
        bf::watched_descriptor::adopt(bf::owned_descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}).value();
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_socket_conserves_descriptors", "", accept_scene, connect_scene, unix_connect_scene,
                   readable_scene, writable_scene) {
    tests::run_matrix<TestType>();
}
