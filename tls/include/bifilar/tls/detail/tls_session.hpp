// One connection's TLS engine: plaintext on one side, ciphertext in memory on the other. It does no I/O and never
// waits. Whoever is told to receive or to send moves the ciphertext and calls again.
#pragma once

#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/sync/mutex.hpp>
#include <bifilar/tls/tls_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

struct ssl_st;
struct ssl_session_st;
struct bio_st;

namespace bifilar::detail {

/// What has to happen next.
enum class tls_step : std::uint8_t {
    done,     ///< The call has done its work.
    ended,    ///< The peer, or for writes this side, has ended its direction with close_notify.
    receive,  ///< Call again after received() or received_end().
    send,     ///< Call again when nothing is left in to_send().
    failed,   ///< See error(). What is in to_send() then is an alert for the peer.
};

/// What a session is to be, whatever its context is for.
enum class tls_side : std::uint8_t { client, server };

/// All members: any thread. Each takes the lock for one call of OpenSSL's that works in memory: tens of microseconds
/// for a record of 16 KiB, a millisecond for a step of the handshake, during which nobody else has the session.
/// OpenSSL's queue of errors is the thread's: it is emptied before each call and read right behind it.
class tls_session {
public:
    /// `host` and `port`: for clients. Throws std::bad_alloc, and std::invalid_argument for a context of the other
    /// side. A host that cannot be used is an error of the handshake.
    tls_session(const tls_context& context, tls_side side, std::string host, std::uint16_t port);
    tls_session(const tls_session&) = delete;
    tls_session& operator=(const tls_session&) = delete;
    ~tls_session();

    [[nodiscard]] tls_step handshake() noexcept;
    /// Plaintext into `into`, which is not empty; at least one byte when done.
    [[nodiscard]] tls_step read(std::span<std::byte> into, std::size_t& count) noexcept;
    /// Takes up to one record of `from`. What it took is in to_send().
    [[nodiscard]] tls_step write(std::span<const std::byte> from, std::size_t& count) noexcept;
    /// Puts close_notify into to_send(); nothing the second time.
    [[nodiscard]] tls_step shutdown() noexcept;

    /// Where ciphertext goes, when a call said receive. Stays in place until received() or received_end().
    [[nodiscard]] std::span<std::byte> receive_room() noexcept;
    void received(std::size_t bytes) noexcept;
    void received_end() noexcept;
    /// Ciphertext that the peer needs, in order. Stays in place until sent() says that a part of it is gone; others may
    /// add to it meanwhile.
    [[nodiscard]] std::span<const std::byte> to_send() noexcept;
    void sent(std::size_t bytes) noexcept;
    /// Whether a read has added to to_send(), or a handshake has left tickets there, which nobody else looks after.
    [[nodiscard]] bool has_answers() noexcept;

    /// Why a call failed. It stays so for good: TLS does not go on after a failure.
    [[nodiscard]] std::error_code error() noexcept;

    /// Who holds these moves the ciphertext of that direction, one at a time. Taken in this order.
    mutex receiving;
    mutex sending;

    /// Takes over a ticket for the next handshake with this server. From OpenSSL's callback, so under the lock already.
    void keep_ticket(ssl_session_st* ticket) const noexcept;

    [[nodiscard]] std::string alpn();
    [[nodiscard]] std::string server_name();
    [[nodiscard]] std::string peer_subject();
    [[nodiscard]] std::string version();
    [[nodiscard]] std::string cipher();
    [[nodiscard]] bool resumed();

private:
    // OpenSSL's callbacks, which run inside of calls here: they copy from and to the buffers.
    friend class tls_transport_bio;

    tls_step classify(int result) noexcept;
    /// Post-handshake messages of ours that did not fit into the buffer go out before anything else does.
    tls_step finish_messages() noexcept;
    void prepare_client();

    /// Ciphertext in [begin, end) of the bytes.
    struct buffer {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    const tls_context context_;
    const std::string host_;
    const std::string server_;  // Host and port, for tickets: another port may be somebody else's.
    std::mutex lock_;  // Guards all below. Never held across a wait, nor while another lock is taken but the tickets'.
    ssl_st* ssl_ = nullptr;
    const std::size_t capacity_;
    buffer in_;
    buffer out_;
    bool in_ended_ = false;  // The transport has no more.
    bool out_ended_ = false;
    bool has_answers_ = false;
    std::error_code error_;
};

}  // namespace bifilar::detail
