// Copies between OpenSSL and a session's buffers.
#include "tls_bio.hpp"

#include <algorithm>
#include <cstring>

namespace bifilar::detail {

BIO_METHOD* tls_transport_bio::method() noexcept {
    // Kept for the process's life: connections may end while it does.
    static BIO_METHOD* const made = [] {
        BIO_METHOD* const fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bifilar");
        if (fresh == nullptr) return fresh;
        BIO_meth_set_read(fresh, &tls_transport_bio::read);
        BIO_meth_set_write(fresh, &tls_transport_bio::write);
        BIO_meth_set_ctrl(fresh, &tls_transport_bio::control);
        return fresh;
    }();
    return made;
}

BIO* tls_transport_bio::make(tls_session& of) noexcept {
    BIO_METHOD* const how = method();
    BIO* const made = how != nullptr ? BIO_new(how) : nullptr;
    if (made == nullptr) return nullptr;
    BIO_set_data(made, &of);
    // OpenSSL does not use one that is not marked as ready.
    BIO_set_init(made, 1);
    return made;
}

int tls_transport_bio::read(BIO* bio, char* into, int bytes) noexcept {
    tls_session& session = *static_cast<tls_session*>(BIO_get_data(bio));
    tls_session::buffer& in = session.in_;
    BIO_clear_retry_flags(bio);
    const std::size_t count = std::min(static_cast<std::size_t>(std::max(bytes, 0)), in.end - in.begin);
    if (count == 0) {
        // 0 says that the stream has ended; -1 with the mark says to come again.
        if (session.in_ended_) return 0;
        BIO_set_retry_read(bio);
        return -1;
    }
    std::memcpy(into, in.bytes.get() + in.begin, count);
    in.begin += count;
    return static_cast<int>(count);
}

int tls_transport_bio::write(BIO* bio, const char* from, int bytes) noexcept {
    tls_session& session = *static_cast<tls_session*>(BIO_get_data(bio));
    tls_session::buffer& out = session.out_;
    BIO_clear_retry_flags(bio);
    const std::size_t count = std::min(static_cast<std::size_t>(std::max(bytes, 0)), session.capacity_ - out.end);
    if (count == 0) {
        // Full until the owner has sent something.
        BIO_set_retry_write(bio);
        return -1;
    }
    std::memcpy(out.bytes.get() + out.end, from, count);
    out.end += count;
    return static_cast<int>(count);
}

long tls_transport_bio::control(BIO* bio, int what, long, void*) noexcept {
    const tls_session& session = *static_cast<const tls_session*>(BIO_get_data(bio));
    switch (what) {
        case BIO_CTRL_FLUSH:
            return 1;  // What was written is in the buffer, and goes out from there.
        case BIO_CTRL_EOF:
            return session.in_ended_ && session.in_.begin == session.in_.end ? 1 : 0;
        default:
            return 0;
    }
}

}  // namespace bifilar::detail
