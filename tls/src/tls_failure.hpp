// From OpenSSL's queue of errors, which belongs to the thread, to codes of ours.
#pragma once

#include <bifilar/tls/tls_error.hpp>

struct ssl_st;

namespace bifilar::detail {

/// Why the call that failed a moment ago on this thread failed. Empties the queue. `ssl` may be null. ENOMEM where
/// any entry says that memory was the reason.
[[nodiscard]] std::error_code collect_failure(const ssl_st* ssl) noexcept;

/// The oldest entry of the queue as text, for messages of exceptions. Empties the queue.
/// Throws: std::bad_alloc, also where the queue says that memory was the reason.
[[nodiscard]] std::string collect_reason();

}  // namespace bifilar::detail
