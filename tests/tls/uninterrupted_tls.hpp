// Calls of OpenSSL that tests make themselves over blocking sockets, where signals may come at any moment
// (hardship/run).
#pragma once

#include <openssl/ssl.h>

namespace tests {

/// What `call` on `ssl` returns once no signal has interrupted it. Blocks as the call does.
template <class Call>
int uninterrupted(SSL* ssl, Call call) {
    for (;;) {
        const int result = call();
        if (result > 0) return result;
        const int why = SSL_get_error(ssl, result);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return result;
    }
}

}  // namespace tests
