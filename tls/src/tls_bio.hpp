// OpenSSL's view of a session's two buffers.
#pragma once

#include <bifilar/tls/detail/tls_session.hpp>
#include <openssl/bio.h>

namespace bifilar::detail {

/// A BIO over the session's buffers. Its callbacks run inside of the session's calls, under its lock.
class tls_transport_bio {
public:
    /// Null: no memory. It has one owner, the SSL object.
    [[nodiscard]] static BIO* make(tls_session& of) noexcept;

private:
    static BIO_METHOD* method() noexcept;
    static int read(BIO* bio, char* into, int bytes) noexcept;
    static int write(BIO* bio, const char* from, int bytes) noexcept;
    static long control(BIO* bio, int what, long number, void* pointer) noexcept;
};

}  // namespace bifilar::detail
