// The matrix of datagrams and descriptors that are received.
#include "drivers/io_matrix.hpp"
#include "drivers/passed_descriptors.hpp"
#include "uninterrupted.hpp"
#include <bifilar/drivers/udp_socket.hpp>
#include <bifilar/drivers/unix_listener.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using tests::fault;
namespace bf = bifilar;
using bf::drivers::op_kind;

namespace {

/// Waits for a datagram, which let() sends.
class receiving_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;

    void let() {
        REQUIRE(::send(sender_.descriptor(), "four", 4, MSG_DONTWAIT) == 4);
        ++sent_;
    }
    int break_it() {  // What the network says of an earlier datagram.
        REQUIRE(near.connect(silent_.local_address().value()).has_value());
        REQUIRE(::send(near.descriptor(), "?", 1, MSG_DONTWAIT) == 1);
        return ECONNREFUSED;
    }
    bool conserved(bool lossy) {
        std::array<char, 8> buffer;
        while (::recv(near.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT) == 4) ++received;
        return lossy ? received <= sent_ : received == sent_;
    }

protected:
    receiving_scene() {
        REQUIRE(sender_.connect(near.local_address().value()).has_value());
        REQUIRE(silent_.connect(sender_.local_address().value()).has_value());
    }

    static bf::udp_socket open() { return bf::udp_socket::bind("127.0.0.1:0").value(); }

    bf::udp_socket near = open();
    std::size_t received = 0;

private:
    bf::udp_socket sender_ = open();
    bf::udp_socket silent_ = open();  // Takes nothing from `near`.
    std::size_t sent_ = 0;
};

class recv_from_scene : public receiving_scene {
public:
    static constexpr const char* name = "recv_from";
    static constexpr std::array faults{fault{op_kind::recv_message, ECONNREFUSED},
                                       fault{op_kind::recv_message, ENOMEM}};

    auto start() { return near.recv_from(buffer_); }
    bool succeeded(const bf::io_result<bf::received_datagram>& output) {
        if (!output) return false;
        ++received;
        return output->bytes == 4 && !output->truncated && output->from.is_ipv4();
    }

private:
    std::array<std::byte, 8> buffer_{};
};

class recv_many_scene : public receiving_scene {
public:
    static constexpr const char* name = "recv_many";
    static constexpr std::array faults{fault{op_kind::recv_many, ECONNREFUSED}, fault{op_kind::recv_many, ENOMEM}};

    auto start() { return near.recv_many(batch_); }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output) return false;
        received += *output;
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
    static constexpr std::array faults{fault{op_kind::recv_message, ECONNRESET}, fault{op_kind::recv_message, ENOMEM}};

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
    static constexpr std::array faults{fault{op_kind::accept, EMFILE}, fault{op_kind::accept, ENOMEM}};

    auto start() { return listener_.accept(); }
    void let() {
        const auto to = listener_.local_address().value();
        const bf::owned_descriptor client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        REQUIRE(tests::connect_uninterrupted(client.get(), to) == 0);
    }
    static bool succeeded(const bf::io_result<bf::unix_stream>& output) { return output && output->descriptor() >= 0; }
    static bool conserved(bool) { return true; }

private:
    bf::unix_listener listener_ = bf::unix_listener::bind(bf::socket_address::unix_unnamed()).value();
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_datagram_that_is_received_conserves_it", "", recv_from_scene, recv_many_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_passed_descriptor_and_a_unix_connection_leaks_none", "", descriptor_scene,
                   unix_accept_scene) {
    tests::run_matrix<TestType>();
}
