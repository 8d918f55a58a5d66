// The matrix of datagrams and descriptors that are sent.
#include "io/io_matrix.hpp"
#include "io/scratch_directory.hpp"
#include "io/stream_pair.hpp"
#include "uninterrupted.hpp"
#include <bifilar/io/net/udp_socket.hpp>
#include <bifilar/io/net/unix_datagram.hpp>
#include <bifilar/io/net/unix_listener.hpp>
#include <bifilar/io/net/unix_stream.hpp>

#include <array>
#include <cerrno>
#include <optional>
#include <poll.h>
#include <span>
#include <string>
#include <sys/socket.h>
#include <vector>

using tests::fault;
namespace bf = bifilar;
using bf::op_kind;

namespace {

/// Sends to a socket of this machine, which never has to wait: what its receiver has no room for is lost.
class udp_sending_scene {
public:
    static constexpr bool in_time = false;
    static constexpr bool exclusive = false;

    static bool waits() { return false; }
    void let() {}
    bool conserved(bool lossy) {
        std::array<char, 8> buffer;
        pollfd arrived{far_.descriptor(), POLLIN, 0};
        for (;;) {
            // What is on its way for certain is waited for.
            const int max_ms = received_ < sent_ ? 1'000 : 0;
            if (tests::uninterrupted([&] { return ::poll(&arrived, 1, max_ms); }) != 1) break;
            REQUIRE(::recv(far_.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT) == 4);
            ++received_;
        }
        return lossy ? received_ >= sent_ && received_ <= sent_ + max_at_once : received_ == sent_;
    }

protected:
    static constexpr std::size_t max_at_once = 2;

    static bf::udp_socket open() { return bf::udp_socket::bind("127.0.0.1:0").value(); }
    bool took(std::size_t datagrams) {
        sent_ += datagrams;
        return true;
    }
    [[nodiscard]] bf::socket_address receiver() const { return far_.local_address().value(); }

    bf::udp_socket near = open();
    std::vector<std::byte> bytes = std::vector<std::byte>(4);

private:
    bf::udp_socket far_ = open();
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
};

class udp_send_scene : public udp_sending_scene {
public:
    static constexpr const char* name = "send";
    static constexpr std::array faults{
        fault{op_kind::send_message, ECONNREFUSED}, fault{op_kind::send_message, ENOBUFS},
        fault{op_kind::send_message, EHOSTUNREACH}, fault{op_kind::send_message, ENETUNREACH},
        fault{op_kind::send_message, EPERM},        fault{op_kind::send_message, ENOMEM}};
    static constexpr std::array breaks{EMSGSIZE, EDESTADDRREQ, ECONNREFUSED};

    udp_send_scene() { REQUIRE(near.connect(receiver()).has_value()); }
    auto start() { return near.send(bytes); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output == 4 && took(1); }
    void break_with(int error) {
        if (error == EMSGSIZE) bytes.resize(65'508);
        if (error == EDESTADDRREQ) REQUIRE(near.disconnect().has_value());
        if (error == ECONNREFUSED) {  // What the network says of an earlier datagram.
            REQUIRE(silent_.connect(receiver()).has_value());
            REQUIRE(near.connect(silent_.local_address().value()).has_value());
            REQUIRE(::send(near.descriptor(), "?", 1, MSG_DONTWAIT) == 1);
            pollfd refused{near.descriptor(), 0, 0};
            REQUIRE(tests::uninterrupted([&] { return ::poll(&refused, 1, 10'000); }) == 1);
        }
    }

private:
    bf::udp_socket silent_ = open();
};

class udp_send_to_scene : public udp_sending_scene {
public:
    static constexpr const char* name = "send_to";
    static constexpr std::array faults{
        fault{op_kind::send_message, ENETUNREACH},  fault{op_kind::send_message, ENOBUFS},
        fault{op_kind::send_message, EHOSTUNREACH}, fault{op_kind::send_message, ENETDOWN},
        fault{op_kind::send_message, EPERM},        fault{op_kind::send_message, ENOMEM},
        fault{op_kind::send_message, ECONNREFUSED}};
    static constexpr std::array breaks{EMSGSIZE, EAFNOSUPPORT, EINVAL, EACCES};

    auto start() { return near.send_to(bytes, to_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output == 4 && took(1); }
    void break_with(int error) {
        if (error == EMSGSIZE) bytes.resize(65'508);
        if (error == EAFNOSUPPORT) to_ = bf::socket_address::parse("[::1]:9").value();
        if (error == EINVAL) to_ = bf::socket_address::parse("127.0.0.1:0").value();
        if (error == EACCES) to_ = bf::socket_address::parse("127.255.255.255:9").value();  // To all, unasked.
    }

private:
    bf::socket_address to_ = receiver();
};

class udp_send_many_scene : public udp_sending_scene {
public:
    static constexpr const char* name = "send_many";
    static constexpr std::array faults{fault{op_kind::send_many, ECONNREFUSED}, fault{op_kind::send_many, ENOBUFS},
                                       fault{op_kind::send_many, EPERM},        fault{op_kind::send_many, EHOSTUNREACH},
                                       fault{op_kind::send_many, ENETUNREACH},  fault{op_kind::send_many, ENOMEM}};
    static constexpr std::array breaks{EMSGSIZE, EAFNOSUPPORT, EINVAL, EDESTADDRREQ};

    udp_send_many_scene() { fill(bytes, receiver()); }
    auto start() { return near.send_many(batch_); }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        return output && *output == max_at_once && took(*output);
    }
    // The first datagram of the batch fails, so none is sent.
    void break_with(int error) {
        if (error == EMSGSIZE) fill(std::vector<std::byte>(65'508), receiver());
        if (error == EAFNOSUPPORT) fill(bytes, bf::socket_address::parse("[::1]:9").value());
        if (error == EINVAL) fill(bytes, bf::socket_address::parse("127.0.0.1:0").value());
        if (error == EDESTADDRREQ) fill(bytes, bf::socket_address{});
    }

private:
    void fill(std::span<const std::byte> first, const bf::socket_address& to) {
        batch_.clear();
        REQUIRE(batch_.add(first, to));
        REQUIRE(batch_.add(bytes, receiver()));
    }

    bf::datagram_batch batch_{max_at_once, 65'536};
};

/// Waits for room in the receiver's queue, which let() makes.
class unix_sending_scene {
public:
    static constexpr bool in_time = true;

    void let() {
        std::array<char, 8> buffer;
        while (::recv(far_.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT) == 4) ++received_;
    }
    int break_it() {
        far_.close();
        return ECONNREFUSED;
    }
    bool conserved(bool lossy) {
        if (far_.descriptor() < 0) return true;
        let();
        return lossy ? received_ >= sent && received_ <= sent + 1 : received_ == sent;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output || *output != 4) return false;
        ++sent;
        return true;
    }

protected:
    unix_sending_scene() {
        while (::sendto(near.descriptor(), "four", 4, MSG_DONTWAIT, to.data(), to.size()) == 4) ++sent;
    }

    static bf::unix_datagram open() { return bf::unix_datagram::bind(bf::socket_address::unix_unnamed()).value(); }

    bf::unix_datagram near = open();
    static constexpr std::array<std::byte, 4> bytes{};
    std::size_t sent = 0;

private:
    bf::unix_datagram far_ = open();
    std::size_t received_ = 0;

protected:
    bf::socket_address to = far_.local_address().value();
};

class unix_send_scene : public unix_sending_scene {
public:
    static constexpr const char* name = "send to a connected unix_datagram";
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::send_many, ECONNREFUSED}, fault{op_kind::send_many, ENOBUFS},
                                       fault{op_kind::send_many, ECONNRESET},   fault{op_kind::send_many, EPIPE},
                                       fault{op_kind::send_many, EPERM},        fault{op_kind::send_many, ENOMEM}};

    unix_send_scene() { REQUIRE(near.connect(to).has_value()); }
    auto start() { return near.send(bytes); }
};

/// Tries again after pauses, so no driver knows of it and a second one is as welcome. Its failures are the real
/// kernel's.
class unix_send_to_scene : public unix_sending_scene {
public:
    static constexpr const char* name = "send_to of a unix_datagram";
    static constexpr bool exclusive = false;
    static constexpr std::uint64_t in_flight = 0;
    static constexpr std::array<fault, 0> faults{};
    static constexpr std::array breaks{ENOENT, ENOTDIR, ECONNREFUSED, EPROTOTYPE, EPERM, EMSGSIZE, EINVAL};

    auto start() { return near.send_to(many_.empty() ? bytes : std::span<const std::byte>{many_}, to_); }
    void break_with(int error) {
        std::string path = here_ / "nothing";
        if (error == ENOTDIR) path = here_.with_file("file", "") + "/below";
        if (error == ECONNREFUSED) path = here_.with_file("file", "");
        if (error == EMSGSIZE) many_.resize(near.send_buffer().value() + 1);
        if (error == EPERM) REQUIRE(strange_.connect(to).has_value());
        to_ = bf::socket_address::unix_path(path).value();
        if (error == EPROTOTYPE) listener_ = bf::unix_listener::bind(path).value();
        if (error == EPERM) to_ = strange_.local_address().value();  // Which takes from another alone.
        if (error == EMSGSIZE) to_ = to;
        if (error == EINVAL) to_ = bf::socket_address::parse("127.0.0.1:9").value();
    }
    // Cancelled, it was not sent.
    bool conserved(bool) { return unix_sending_scene::conserved(false); }

private:
    const tests::scratch_directory here_;
    std::vector<std::byte> many_;
    bf::socket_address to_ = to;
    bf::unix_datagram strange_ = open();
    std::optional<bf::unix_listener> listener_;
};

/// Waits for room, which let() makes.
class descriptor_sending_scene {
public:
    static constexpr const char* name = "send_descriptors";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::send_message, ECONNRESET}, fault{op_kind::send_message, EPIPE},
                                       fault{op_kind::send_message, ETOOMANYREFS},
                                       fault{op_kind::send_message, ENOMEM}};
    static constexpr std::array breaks{EINVAL, EBADF};

    auto start() { return near_.send_descriptors(bytes_, passed_); }
    // A plain read closes the descriptors that come with its bytes.
    void let() { received_ += tests::bare_stream_pair::drain(far_.descriptor()); }
    bool succeeded(const bf::io_result<std::size_t>& output) {
        if (!output) return false;
        taken_ += *output;
        return *output == bytes_.size();
    }
    int break_it() {
        far_.close();
        return EPIPE;
    }
    void break_with(int error) {
        if (error == EINVAL) bytes_ = {};
        if (error == EBADF) passed_[1] = -1;
    }
    bool conserved(bool lossy) {
        if (far_.descriptor() < 0) return true;
        let();
        return lossy ? received_ >= taken_ && received_ <= taken_ + room_.size() : received_ == taken_;
    }

private:
    explicit descriptor_sending_scene(std::pair<bf::unix_stream, bf::unix_stream> ends)
        : near_{std::move(ends.first)}, far_{std::move(ends.second)} {
        const std::vector<char> much(65'536);
        for (ssize_t took = 0; (took = ::send(near_.descriptor(), much.data(), much.size(), MSG_DONTWAIT)) > 0;)
            taken_ += static_cast<std::size_t>(took);
    }

    bf::unix_stream near_;
    bf::unix_stream far_;
    const std::array<std::byte, 8> room_{};
    std::span<const std::byte> bytes_ = room_;
    std::array<int, 2> passed_{near_.descriptor(), near_.descriptor()};
    std::size_t taken_ = 0;
    std::size_t received_ = 0;

public:
    descriptor_sending_scene() : descriptor_sending_scene{bf::unix_stream::pair().value()} {}
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_datagram_that_is_sent_conserves_it", "", udp_send_scene, udp_send_to_scene,
                   udp_send_many_scene, unix_send_scene, unix_send_to_scene) {
    tests::run_matrix<TestType>();
}

TEST_CASE("every_fate_of_a_descriptor_that_is_sent_leaks_none") { tests::run_matrix<descriptor_sending_scene>(); }
