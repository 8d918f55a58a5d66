// Names to addresses by way of the C library: what may block, and what is answered at once.
#pragma once

#include <bifilar/io/resolve/resolver.hpp>
#include <optional>
#include <string>

namespace bifilar::detail {

/// Asks the system: files, name servers, whatever nsswitch.conf(5) says. Blocks, for half a minute where servers are
/// silent. Each address once, in the order of preference of RFC 6724. Throws std::bad_alloc.
[[nodiscard]] lookup_result look_up(const std::string& host, const std::string& service);

/// The answer where nobody has to be asked: a numeric host with a numeric service, and what cannot be right. Empty:
/// look_up it. Old forms of addresses are refused unless `takes_old`. Does not block. Throws std::bad_alloc.
[[nodiscard]] std::optional<lookup_result> look_up_numeric(const std::string& host, const std::string& service,
                                                           bool takes_old);

}  // namespace bifilar::detail
