// An encrypted connection over any stream: reads and writes as futures, from coroutines, fibers and plain threads.
// It exists once the handshake is done; tls_connect and tls_accept make one.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/io/net/tcp_stream.hpp>
#include <bifilar/tls/tls_error.hpp>  // IWYU pragma: export
#include <bifilar/tls/tls_futures.hpp>
#include <cstdint>
#include <memory>
#include <string>

namespace bifilar {

/// Move-only; not while an operation on it is in flight. Renegotiation is refused; requests for new keys are answered
/// by reads and writes. In TLS 1.3 a client learns from its first read that its certificate was refused.
///
/// Throws: a poll may throw what the transport's does.
/// Errors: the transport's, and those of tls_category(); TLS does not go on after one of these. The end of the
/// transport without the peer's close_notify is tls_errc::truncated.
/// Thread: any number of tasks may read and write; reads take turns, and so do writes, each write_all as a whole. A
/// read and a write go on at the same time: neither waits for the other's transfer, only for OpenSSL's work in memory.
/// From its first wait on a future belongs to the task that polled it.
/// Cancellation: loses nothing but what read_exact had put into its buffer; of a write an unknown part was taken, and
/// the stream goes on.
/// Suspends: until it is its turn, and the transport has brought or taken what is needed.
/// Allocates: nothing by waiting. Holds two buffers of tls_options::buffer_bytes and OpenSSL's state of some 17 KiB,
/// idle or not: 52,000 bytes with the default.
/// Blocks: for OpenSSL's work in memory, tens of microseconds for a record, a millisecond for a step of the handshake.
template <tls_transport Stream = tcp_stream>
class tls_stream {
public:
    /// Reads what is there, at least one byte. 0: the peer has ended its side, or `into` is empty.
    [[nodiscard]] tls_read_future<Stream> read(std::span<std::byte> into) noexcept {
        return {connection(), into, transfer::some};
    }
    /// Reads until `into` is full.
    /// Errors: ENODATA when the peer has ended its side before.
    [[nodiscard]] tls_read_future<Stream> read_exact(std::span<std::byte> into) noexcept {
        return {connection(), into, transfer::whole};
    }
    /// Writes one record, of 16 KiB at most.
    /// Errors: EPIPE after shutdown_write().
    [[nodiscard]] tls_write_future<Stream> write(std::span<const std::byte> from) noexcept {
        return {connection(), from, transfer::some};
    }
    /// Writes all of `from`, in records of 16 KiB.
    /// Errors: EPIPE after shutdown_write().
    [[nodiscard]] tls_write_future<Stream> write_all(std::span<const std::byte> from) noexcept {
        return {connection(), from, transfer::whole};
    }
    /// Tells the peer that no more will come: it reads 0. Reading goes on; the transport stays open. Without it the
    /// peer's last read fails as truncated.
    [[nodiscard]] tls_shutdown_future<Stream> shutdown_write() noexcept {
        return tls_shutdown_future<Stream>{connection()};
    }
    /// Closes the transport now, without a word to the peer. No operation may be in flight.
    void close() noexcept { connection_.reset(); }

    /// The protocol that was agreed on; empty: none.
    [[nodiscard]] std::string alpn() const { return connection().session.alpn(); }
    /// The name that the client asked for; empty: none.
    [[nodiscard]] std::string server_name() const { return connection().session.server_name(); }
    /// The peer's certificate's subject as RFC 2253 writes it ("CN=example.org"); empty: it showed none.
    [[nodiscard]] std::string peer_subject() const { return connection().session.peer_subject(); }
    /// "TLSv1.3".
    [[nodiscard]] std::string version() const { return connection().session.version(); }
    /// "TLS_AES_256_GCM_SHA384".
    [[nodiscard]] std::string cipher() const { return connection().session.cipher(); }
    /// Whether an earlier connection's ticket made the handshake shorter.
    [[nodiscard]] bool resumed() const { return connection().session.resumed(); }
    /// What TLS runs over, for options and addresses; not for reading and writing.
    [[nodiscard]] Stream& transport() const noexcept { return connection().stream; }

private:
    // It alone makes one: of a connection whose handshake is done.
    template <tls_transport Over>
    friend class tls_handshake_future;

    explicit tls_stream(std::unique_ptr<detail::tls_connection<Stream>> connection) noexcept
        : connection_{std::move(connection)} {}

    [[nodiscard]] detail::tls_connection<Stream>& connection() const noexcept {
        BIFILAR_CHECK(connection_ != nullptr, "a tls_stream was used after close() or after it was moved from");
        return *connection_;
    }

    std::unique_ptr<detail::tls_connection<Stream>> connection_;
};

/// Ready with the encrypted stream.
/// Cancellation: the transport is closed when the future is destroyed, as after a failure.
/// Suspends: until the handshake is done, with a silent peer for ever: use timeout(tls_accept(…), limit).
template <tls_transport Stream>
class [[nodiscard]] tls_handshake_future : public detail::tls_operation<Stream, io_result<tls_stream<Stream>>> {
public:
    using output = io_result<tls_stream<Stream>>;
    using base = detail::tls_operation<Stream, output>;

    explicit tls_handshake_future(std::unique_ptr<detail::tls_connection<Stream>> connection) noexcept
        : base{*connection}, connection_{std::move(connection)} {}
    tls_handshake_future(tls_handshake_future&&) noexcept = default;
    tls_handshake_future& operator=(tls_handshake_future&&) = delete;
    ~tls_handshake_future() {
        this->flow_.end();  // Before the connection goes.
        this->sending_.release();
    }

    polled<output> poll(context& cx) {
        using enum detail::tls_step;
        if (this->is_finished()) return this->rest(cx);
        if (agreed_) return say_last_words(cx);
        for (;;) {
            if (!this->flow_.is_receiving()) {
                polled<std::error_code> sent = this->flow_.send(cx);
                if (!sent) return not_ready;
                if (const std::error_code error = sent.take()) return output{std::unexpected{error}};
                const detail::tls_step next = this->session_->handshake();
                if (next == failed || next == ended) return this->fail(cx);
                if (next == done) return say_last_words(cx);
                // What there is to send goes first: the peer may wait for it.
                if (next != receive || !this->session_->to_send().empty()) continue;
            }
            polled<std::error_code> came = this->flow_.receive(cx);
            if (!came) return not_ready;
            if (const std::error_code error = came.take()) return output{std::unexpected{error}};
        }
    }

private:
    // The peer may wait for them, unless they are a server's tickets: these go out now if they can, for a client may
    // write for long before it reads. Else the stream's reads and writes send the rest.
    polled<output> say_last_words(context& cx) {
        agreed_ = true;
        const bool tickets = this->session_->has_answers();
        polled<std::error_code> sent = this->flow_.send(cx);
        if (!sent && !tickets) return not_ready;
        if (const std::error_code error = sent && !tickets ? sent.take() : std::error_code{})
            return this->finish(std::unexpected{error}, cx);
        return this->finish(tls_stream<Stream>{std::move(connection_)}, cx);
    }

    std::unique_ptr<detail::tls_connection<Stream>> connection_;
    bool agreed_ = false;
};

namespace detail {

// 0: the transport has no ports, or no peer any more.
template <class Stream>
[[nodiscard]] std::uint16_t peer_port(const Stream& over) noexcept {
    if constexpr (requires { over.peer_address(); })
        if (const auto peer = over.peer_address()) return peer->port();
    return 0;
}

}  // namespace detail

/// Encrypts a connection to `host`, whose certificate the server has to show; with a name the server is told it (SNI),
/// without the dot that a name may end with. Tickets are kept by host and `port`; 0: the peer's port, where the
/// transport has one, which behind a proxy is the proxy's.
/// Throws: std::bad_alloc; std::invalid_argument for a server's context. The transport is closed then.
/// Errors: as tls_stream; std::errc::invalid_argument for a host that is neither a name nor a numeric address;
/// std::errc::connection_aborted where the peer ended TLS instead.
/// Cancellation: the transport is closed.
/// Suspends: until the handshake is done.
/// Allocates: the connection's buffers, and OpenSSL's state.
template <tls_transport Stream>
[[nodiscard]] tls_handshake_future<Stream> tls_connect(Stream over, const tls_context& client, std::string host,
                                                std::uint16_t port = 0) {
    if (port == 0) port = detail::peer_port(over);
    return tls_handshake_future<Stream>{
        std::make_unique<detail::tls_connection<Stream>>(client, detail::tls_side::client, std::move(host), port,
                                                         std::move(over))};
}

/// Encrypts a connection that was accepted. As tls_connect, with a server's context.
template <tls_transport Stream>
[[nodiscard]] tls_handshake_future<Stream> tls_accept(Stream over, const tls_context& server) {
    return tls_handshake_future<Stream>{
        std::make_unique<detail::tls_connection<Stream>>(server, detail::tls_side::server, std::string{},
                                                         std::uint16_t{0}, std::move(over))};
}

static_assert(tls_transport<tcp_stream>);
static_assert(cancellable_future<tls_read_future<tcp_stream>> && cancellable_future<tls_write_future<tcp_stream>>);
static_assert(cancellable_future<tls_shutdown_future<tcp_stream>> &&
              cancellable_future<tls_handshake_future<tcp_stream>>);

}  // namespace bifilar
