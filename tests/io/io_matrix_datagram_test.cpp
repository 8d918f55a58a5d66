// The matrix of datagrams and descriptors that are received.
#include "io/io_matrix.hpp"
#include "io/passed_descriptors.hpp"
#include "uninterrupted.hpp"
#include <bifilar/io/net/udp_socket.hpp>
#include <bifilar/io/net/unix_datagram.hpp>
#include <bifilar/io/net/unix_listener.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <type_traits>
#include <unistd.h>

using tests::fault;
namespace bf = bifilar;
using bf::op_kind;

namespace {

/// Waits for a datagram, which let() sends.
template <class Socket>
class receiving_scene {
public:
    static constexpr bool is_unix = std::is_same_v<Socket, bf::unix_datagram>;
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;

    void let() {
        REQUIRE(::send(sender_.descriptor(), "four", 4, MSG_DONTWAIT) == 4);
        ++sent_;
    }
    // What the network says of an earlier datagram.
    int break_it()
        requires(!is_unix)
    {
        silent_.emplace(open());  // Takes nothing from `near`.
        REQUIRE(silent_->connect(sender_.local_address().value()).has_value());
        REQUIRE(near.connect(silent_->local_address().value()).has_value());
        REQUIRE(::send(near.descriptor(), "?", 1, MSG_DONTWAIT) == 1);
        return ECONNREFUSED;
    }
    bool conserved(bool lossy) {
        std::array<char, 8> buffer;
        while (::recv(near.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT) == 4) ++received;
        return lossy ? received <= sent_ : received == sent_;
    }

protected:
    receiving_scene() { REQUIRE(sender_.connect(near.local_address().value()).has_value()); }

    static Socket open() {
        if constexpr (is_unix)
            return Socket::bind(bf::socket_address::unix_unnamed()).value();
        else
            return Socket::bind("127.0.0.1:0").value();
    }
    // Whether that is what was sent, with a sender or without.
    bool is_whole(const bf::received_datagram& got, bool told) {
        const bool known = got.from.size() != 0 && got.from == sender_.local_address().value();
        return got.bytes == 4 && !got.truncated && known == told;
    }

    Socket near = open();
    std::array<std::byte, 8> buffer{};
    std::size_t received = 0;

private:
    Socket sender_ = open();
    std::optional<Socket> silent_;
    std::size_t sent_ = 0;
};

constexpr std::array faults_of_receives{
    fault{op_kind::recv_message, ECONNREFUSED}, fault{op_kind::recv_message, ECONNRESET},
    fault{op_kind::recv_message, EHOSTUNREACH}, fault{op_kind::recv_message, ENETUNREACH},
    fault{op_kind::recv_message, ENOTCONN},     fault{op_kind::recv_message, ENOMEM},
    fault{op_kind::recv_message, ENOBUFS}};

template <class Socket>
class recv_from_scene : public receiving_scene<Socket> {
public:
    static constexpr const char* name = "recv_from";
    static constexpr auto faults = faults_of_receives;

    auto start() { return this->near.recv_from(this->buffer); }
    bool succeeded(const bf::io_result<bf::received_datagram>& output) {
        if (!output) return false;
        ++this->received;
        return this->is_whole(*output, true);
    }
};

template <class Socket>
class recv_scene : public receiving_scene<Socket> {
public:
    static constexpr const char* name = "recv";
    static constexpr auto faults = faults_of_receives;

    auto start() { return this->near.recv(this->buffer); }
    bool succeeded(const bf::io_result<bf::received_datagram>& output) {
        if (!output) return false;
        ++this->received;
        return this->is_whole(*output, false);
    }
};

/// What was peeked at is still there, whatever became of the operation.
template <class Socket>
class peek_from_scene : public receiving_scene<Socket> {
public:
    static constexpr const char* name = "peek_from";
    static constexpr auto faults = faults_of_receives;

    auto start() { return this->near.peek_from(this->buffer); }
    bool succeeded(const bf::io_result<bf::received_datagram>& output) {
        return output && this->is_whole(*output, true);
    }
    bool conserved(bool) { return receiving_scene<Socket>::conserved(false); }
};

template <class Socket>
class recv_many_scene : public receiving_scene<Socket> {
public:
    static constexpr const char* name = "recv_many";
    static constexpr std::array faults{fault{op_kind::recv_many, ECONNREFUSED}, fault{op_kind::recv_many, ECONNRESET},
                                       fault{op_kind::recv_many, EHOSTUNREACH}, fault{op_kind::recv_many, ENOMEM},
                                       fault{op_kind::recv_many, ENOBUFS}};

    auto start() { return this->near.recv_many(batch_); }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output) return false;
        this->received += *output;
        return *output >= 1 && *output == batch_.size() && batch_[0].bytes.size() == 4;
    }

private:
    bf::datagram_batch batch_{4, 8};
};

class descriptor_scene {
public:
    static constexpr const char* name = "recv_descriptors";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::recv_message, ECONNRESET}, fault{op_kind::recv_message, ENOMEM},
                                       fault{op_kind::recv_message, ENOBUFS}, fault{op_kind::recv_message, ENOTCONN}};

    auto start() { return near_.recv_descriptors(buffer_); }
    void let() { tests::send_past(far_.descriptor(), std::array<int, 1>{near_.descriptor()}); }
    static bool succeeded(const bf::io_result<bf::received_descriptors>& output) {
        return output && output->bytes == 1 && output->descriptors.size() == 1 && !output->truncated;
    }
    // The descriptors that are open are counted by the matrix.
    static bool conserved(bool) { return true; }

private:
    explicit descriptor_scene(std::pair<bf::unix_stream, bf::unix_stream> ends)
        : near_{std::move(ends.first)}, far_{std::move(ends.second)} {}

    bf::unix_stream near_;
    bf::unix_stream far_;
    std::array<std::byte, 8> buffer_{};

public:
    descriptor_scene() : descriptor_scene{bf::unix_stream::pair().value()} {}
};

class unix_accept_scene {
public:
    static constexpr const char* name = "accept of a unix_listener";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::accept, EMFILE},       fault{op_kind::accept, ENFILE},
                                       fault{op_kind::accept, ECONNABORTED}, fault{op_kind::accept, ENOBUFS},
                                       fault{op_kind::accept, ENOMEM},       fault{op_kind::accept, EPERM}};

    unix_accept_scene() : listener_{bf::unix_listener::bind(bf::socket_address::unix_unnamed()).value()} {}
    auto start() { return listener_.accept(); }
    void let() {
        const auto to = listener_.local_address().value();
        const bf::owned_descriptor client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        REQUIRE(tests::connect_uninterrupted(client.get(), to) == 0);
    }
    static bool succeeded(const bf::io_result<bf::unix_stream>& output) { return output && output->descriptor() >= 0; }
    static bool conserved(bool) { return true; }

private:
    bf::unix_listener listener_;
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_datagram_that_is_received_conserves_it", "", recv_from_scene<bf::udp_socket>,
                   recv_scene<bf::udp_socket>, peek_from_scene<bf::udp_socket>, recv_many_scene<bf::udp_socket>,
                   recv_from_scene<bf::unix_datagram>, recv_scene<bf::unix_datagram>,
                   peek_from_scene<bf::unix_datagram>, recv_many_scene<bf::unix_datagram>) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_passed_descriptor_and_a_unix_connection_leaks_none", "", descriptor_scene,
                   unix_accept_scene) {
    tests::run_matrix<TestType>();
}
