// The matrix of what the kernel brings by itself: bytes in lent buffers, all that a stream receives, all connections.
#include "io/stream_scene.hpp"
#include "uninterrupted.hpp"
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/net/tcp_listener.hpp>
#include <bifilar/io/net/unix_listener.hpp>

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/socket.h>
#include <type_traits>
#include <utility>
#include <vector>

using tests::fault;
using tests::reading_scene;
namespace bf = bifilar;
using namespace std::chrono_literals;
using bf::op_kind;

namespace {

class receive_scene : public reading_scene {
public:
    static constexpr const char* name = "receive";
    static constexpr auto faults = tests::faults_of_receives<op_kind::recv_pooled>;
    bf::stream_receive_future start() { return ends.near.receive(); }
    bool succeeded(const bf::io_result<bf::received_bytes>& output) { return output && took(output->size()); }
};

/// A ring lets go of an operation that completes many times only when its driver has heard of it, and with it of the
/// descriptor, which the matrix counts.
void await_closed(int descriptor) {
    for (int turn = 0; turn < 1'000'000 && ::fcntl(descriptor, F_GETFD) >= 0; ++turn) bf::this_fiber::yield();
}

/// What comes between two calls is kept for the next one.
class next_scene : public reading_scene {
public:
    static constexpr const char* name = "next of a receive_stream";
    static constexpr std::uint64_t least_in_flight = 0;  // A ring goes on.
    static constexpr auto faults = tests::faults_of_receives<op_kind::recv_pooled>;

    next_scene() = default;
    next_scene(const next_scene&) = delete;
    next_scene& operator=(const next_scene&) = delete;
    ~next_scene() {
        const int descriptor = ends.near.descriptor();
        all_.reset();
        ends.near.close();
        await_closed(descriptor);
    }

    auto start() { return all_->next(); }
    bool succeeded(const bf::io_result<bf::received_bytes>& output) { return output && took(output->size()); }
    // Given up, it loses nothing.
    bool conserved(bool) {
        while (received < sent) {
            const auto left = bf::await(bf::timeout(all_->next(), 10s));
            if (!left || !succeeded(*left)) return false;
        }
        return received == sent;
    }

private:
    std::optional<bf::receive_stream> all_{ends.near.receive_all()};
};

bf::tcp_listener listen(std::type_identity<bf::tcp_listener>) { return bf::tcp_listener::bind("127.0.0.1:0").value(); }
bf::unix_listener listen(std::type_identity<bf::unix_listener>) {
    return bf::unix_listener::bind(bf::socket_address::unix_unnamed()).value();
}

/// Connections that come between two calls are kept for the next one.
template <class Listener>
class incoming_scene {
public:
    static constexpr const char* name = "accept of incoming connections";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::uint64_t least_in_flight = 0;  // A ring goes on.
    static constexpr std::array faults{fault{op_kind::accept, EMFILE}, fault{op_kind::accept, ECONNABORTED},
                                       fault{op_kind::accept, ENOMEM}, fault{op_kind::accept, EPERM},
                                       fault{op_kind::accept, ENFILE}, fault{op_kind::accept, ENOBUFS},
                                       fault{op_kind::accept, EPROTO}};

    incoming_scene() : incoming_scene{listen(std::type_identity<Listener>{})} {}
    incoming_scene(const incoming_scene&) = delete;
    incoming_scene& operator=(const incoming_scene&) = delete;
    ~incoming_scene() {
        all_.reset();
        await_closed(descriptor_);
    }

    auto start() { return all_->accept(); }
    void let() {
        const bf::socket_address to = all_->local_address().value();
        clients_.emplace_back(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(tests::connect_uninterrupted(clients_.back().get(), to) == 0);
    }
    bool succeeded(const typename Listener::accept_future::output& output) {
        if (!output) return false;
        ++accepted_;
        return output->descriptor() >= 0 && accepted_ <= clients_.size();
    }
    // To an accept that does not block a Unix listener that was shut down says nothing.
    int break_it()
        requires std::is_same_v<Listener, bf::tcp_listener>
    {
        REQUIRE(::shutdown(descriptor_, SHUT_RDWR) == 0);
        return EINVAL;
    }
    // Given up, it loses none.
    bool conserved(bool) {
        while (accepted_ < clients_.size()) {
            const auto left = bf::await(bf::timeout(all_->accept(), 10s));
            if (!left || !succeeded(*left)) return false;
        }
        return true;
    }

private:
    explicit incoming_scene(Listener listener)
        : descriptor_{listener.descriptor()}, all_{std::move(listener).incoming()} {}

    int descriptor_ = -1;
    std::optional<decltype(std::declval<Listener>().incoming())> all_;
    std::vector<bf::owned_descriptor> clients_;
    std::size_t accepted_ = 0;
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_receive_conserves_bytes_and_descriptors", "", receive_scene, next_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_an_incoming_connection_conserves_it", "", incoming_scene<bf::tcp_listener>,
                   incoming_scene<bf::unix_listener>) {
    tests::run_matrix<TestType>();
}
