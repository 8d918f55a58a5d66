// Certificates, keys, trust and rules that many TLS connections share.
#pragma once

#include <bifilar/tls/tls_options.hpp>
#include <memory>

namespace bifilar {

namespace detail {
class tls_session;
class tls_settings;
}  // namespace detail

/// Immutable; copies share it.
/// Throws: making one, std::invalid_argument for what cannot be used, which names the file and the remedy;
/// std::runtime_error where OpenSSL cannot make a context; std::bad_alloc.
/// Thread: any.
/// Blocks: making one reads files, and may take milliseconds.
class tls_context {
public:
    /// For tls_connect. Without options: TLS 1.2 and 1.3, the system's roots, certificate and host name checked.
    [[nodiscard]] static tls_context client(const tls_options& options = {});
    /// For tls_accept. Certificate and key are required.
    [[nodiscard]] static tls_context server(const tls_options& options);

private:
    // What is behind it is OpenSSL's, which connections and other contexts use, and no application sees.
    friend class detail::tls_session;
    friend class detail::tls_settings;
    explicit tls_context(std::shared_ptr<const detail::tls_settings> settings) noexcept;

    std::shared_ptr<const detail::tls_settings> settings_;
};

}  // namespace bifilar
