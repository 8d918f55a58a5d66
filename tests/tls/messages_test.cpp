// Messages of the peer's that are here in part: OpenSSL sends nothing before it has the rest.
#include "openssl_peer.hpp"
#include "uninterrupted.hpp"

#include <cstring>
#include <functional>
#include <sys/ioctl.h>
#include <thread>

namespace {

using namespace tests;
using namespace std::chrono_literals;

constexpr std::size_t record_bytes = 512;

// OpenSSL itself. Behind the handshake it is the test that sends what this one says, in what portions it likes.
class ticket_server {
public:
    explicit ticket_server(const bf::tcp_stream& over) : descriptor_{over.descriptor()} {
        use_house_certificate(context_.get());
        SSL_CTX_set_num_tickets(context_.get(), 0);
        SSL_CTX_set_max_send_fragment(context_.get(), record_bytes);
        const auto fill = [](SSL* ssl, void*) {
            const std::string much(3000, 'x');
            return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), much.data(), much.size());
        };
        const auto take = [](SSL*, SSL_SESSION*, const unsigned char*, std::size_t, SSL_TICKET_STATUS,
                             void*) -> SSL_TICKET_RETURN { return SSL_TICKET_RETURN_USE; };
        SSL_CTX_set_session_ticket_cb(context_.get(), fill, take, nullptr);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), descriptor_);
        // Blocks until the client has done its part.
        accepting_ =
            std::thread{[this] { (void)uninterrupted(ssl_.get(), [this] { return SSL_accept(ssl_.get()); }); }};
    }
    ~ticket_server() {
        if (accepting_.joinable()) end_handshake();
    }

    void end_handshake() {
        accepting_.join();
        said_ = BIO_new(BIO_s_mem());
        SSL_set0_wbio(ssl_.get(), said_);
    }
    // The records of a ticket; the first one, and all others.
    std::pair<std::string, std::string> ticket() {
        (void)SSL_new_session_ticket(ssl_.get());
        (void)SSL_do_handshake(ssl_.get());
        const std::string all = said();
        constexpr std::size_t header = 5;
        if (all.size() < 2 * record_bytes) return {};
        const std::size_t first =
            header + static_cast<unsigned char>(all[3]) * 256U + static_cast<unsigned char>(all[4]);
        return {all.substr(0, first), all.substr(first)};
    }
    std::string record(const std::string& text) {
        (void)SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
        return said();
    }
    void send(const std::string& records) const {
        const auto sent =
            tests::uninterrupted([&] { return ::send(descriptor_, records.data(), records.size(), MSG_NOSIGNAL); });
        REQUIRE(sent == static_cast<ssize_t>(records.size()));
    }
    // What the client sends next; blocks. "end" for close_notify.
    std::string receive() {
        char text[16];
        const int count = uninterrupted(ssl_.get(), [&] { return SSL_read(ssl_.get(), text, sizeof text); });
        if (count > 0) return {text, static_cast<std::size_t>(count)};
        return SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN ? "end" : "failure";
    }

private:
    std::string said() {
        char* begin = nullptr;
        const long bytes = BIO_get_mem_data(said_, &begin);
        std::string text{begin, static_cast<std::size_t>(bytes)};
        (void)BIO_reset(said_);
        return text;
    }

    int descriptor_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
    BIO* said_ = nullptr;  // The SSL object's.
    std::thread accepting_;
};

// A read that is given up.
bf::task<> glance(tls& at) {
    std::array<std::byte, 8> buffer;
    auto reading = at.read(buffer);
    auto turn = bf::yield_now();
    (void)co_await bf::select(reading, turn);
}

// Until OpenSSL has taken all that has come.
bf::task<> take_all(tls& at) {
    for (int unread = 1; unread != 0;) {
        co_await glance(at);
        if (::ioctl(at.transport().descriptor(), FIONREAD, &unread) != 0) break;
    }
    co_await glance(at);  // What the last one had in flight.
}

bf::task<std::error_code> end(tls& of) {
    const auto ended = co_await of.shutdown_write();
    co_return ended ? std::error_code{} : ended.error();
}

bf::task<std::size_t> read_once(tls& from) {
    std::array<std::byte, 8> buffer{};
    const auto got = co_await from.read(buffer);
    co_return got.value_or(0);
}

// A write between whose first answer and what it does about it something else happens.
class interrupted_write : public bf::detail::tls_sender<bf::tcp_stream, bf::io_result<std::size_t>> {
public:
    using output = bf::io_result<std::size_t>;

    interrupted_write(bf::detail::tls_connection<bf::tcp_stream>& to, std::span<const std::byte> from,
                      std::function<void()> by)
        : tls_sender{to}, from_{from}, by_{std::move(by)} {}

    bf::polled<output> poll(bf::context& cx) {
        using enum bf::detail::tls_step;
        if (is_finished()) return rest(cx);
        if (!sending_.take(session_->sending, cx)) return bf::not_ready;
        for (;;) {
            if (!flow_.send(cx)) return bf::not_ready;
            if (count_ != 0) return finish(count_, cx);
            const auto write = [&] {
                const bf::detail::tls_step next = session_->write(from_, count_);
                if (next == receive && by_) std::exchange(by_, {})();
                return next;
            };
            auto said = say(write, cx);
            if (!said) return bf::not_ready;
            const auto next = said.take();
            if (!next) return finish(std::unexpected{next.error()}, cx);
            if (*next == failed || *next == ended) return fail(cx);
        }
    }
    void end() noexcept { flow_.end(); }

private:
    std::span<const std::byte> from_;
    std::function<void()> by_;
    std::size_t count_ = 0;
};

// One receive of a flow's.
class one_receive {
public:
    using output = std::error_code;
    explicit one_receive(bf::detail::tls_connection<bf::tcp_stream>& on) : flow_{on.session, on.stream} {}
    bf::polled<output> poll(bf::context& cx) { return flow_.receive(cx); }
    bf::polled<void> poll_cancel(bf::context& cx) noexcept { return flow_.poll_rest(cx); }

private:
    bf::detail::tls_flow<bf::tcp_stream> flow_;
};

}  // namespace

// It was "Protocol error", and the peer's last read failed as truncated.
TEST_CASE("a_stream_ends_although_a_ticket_has_arrived_in_part") {
    in_both([](bf::backend model) -> bf::task<> {
        for (const bool reads_too : {false, true}) {
            narrow_pair sockets;
            ticket_server server{sockets.far};
            const auto context = bf::tls_context::client(client_options());
            auto stream = co_await connect_tls(std::move(sockets.near), context, "localhost");
            server.end_handshake();
            REQUIRE(stream.has_value());
            const auto [first, others] = server.ticket();
            REQUIRE(first.size() > 0);
            server.send(first);
            co_await take_all(*stream);
            std::optional<bf::join_handle<std::size_t>> reading;
            if (reads_too) reading.emplace(bf::spawn(model, read_once, std::ref(*stream)));
            auto ending = bf::spawn(model, end, std::ref(*stream));
            server.send(others);
            const std::error_code failed = co_await ending;
            CHECK(failed == std::error_code{});
            if (!failed) CHECK(server.receive() == "end");
            server.send(server.record("x"));
            if (reading) {
                const std::size_t count = co_await *reading;
                CHECK(count == 1);
            }
        }
    });
}

// The writer went on waiting for bytes that nobody needed, until the peer spoke again.
TEST_CASE("a_write_sees_that_a_reader_has_brought_the_rest_of_a_ticket") {
    narrow_pair sockets;
    ticket_server server{sockets.far};
    auto made = std::make_unique<bf::detail::tls_connection<bf::tcp_stream>>(
        bf::tls_context::client(client_options()), bf::detail::tls_side::client, "localhost", std::uint16_t{0},
        std::move(sockets.near));
    auto& connection = *made;
    auto stream = bf::block_on(bf::tls_handshake_future<bf::tcp_stream>{std::move(made)});
    server.end_handshake();
    REQUIRE(stream.has_value());
    const auto [first, others] = server.ticket();
    REQUIRE(first.size() > 0);
    server.send(first);
    bf::block_on(take_all(*stream));
    const std::string ping = "ping";
    bool interrupted = false;
    const auto wrote = bf::block_on(
        bf::timeout(interrupted_write{connection, bytes_of(ping),
                                      [&] {
                                          interrupted = true;
                                          server.send(others + server.record("x"));
                                          std::thread reader{[&] { (void)bf::block_on(read_once(*stream)); }};
                                          reader.join();
                                      }},
                    30s));
    CHECK(interrupted);
    REQUIRE(wrote.has_value());
    CHECK(wrote->value_or(0) == ping.size());
    CHECK(server.receive() == ping);
}

// A read into nothing was taken for the end of the transport.
TEST_CASE("a_full_buffer_is_not_the_transports_end") {
    narrow_pair sockets;
    bf::tls_options options = client_options();
    options.buffer_bytes = 2048;
    bf::detail::tls_connection<bf::tcp_stream> connection{bf::tls_context::client(options),
                                                          bf::detail::tls_side::client, "localhost", std::uint16_t{0},
                                                          std::move(sockets.near)};
    CHECK(connection.session.handshake() == bf::detail::tls_step::receive);
    const std::span<std::byte> room = connection.session.receive_room();
    // The beginning of a record of 16 KiB.
    const std::string header{"\x16\x03\x03\x40\x00", 5};
    std::memset(room.data(), 0, room.size());
    std::memcpy(room.data(), header.data(), header.size());
    connection.session.received(room.size());
    const std::error_code came = bf::block_on(one_receive{connection});
    CHECK(came == std::error_code{});
    CHECK(connection.session.handshake() == bf::detail::tls_step::receive);
}
