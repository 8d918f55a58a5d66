// The load of HTTP servers: wrk, with one thread on the last processor, beside the server on the first.
// Debian's package of that name; it links OpenSSL, so it speaks https too.
#pragma once

#include <string>
#include <vector>

namespace bifilar::experiments {

struct wrk_load {
    std::string url;
    int connections = 1;
    int seconds = 1;
    std::string script = {};  ///< A file in Lua; empty: none.
    std::vector<std::string> script_arguments = {};
    std::string field = {};  ///< A field of each request's head, such as "Connection: close"; empty: none.
};

struct wrk_result {
    double requests = 0;
    double per_second = 0;
    double p99_us = 0;
};

/// Throws std::runtime_error when there is no wrk, and when it met a socket error or an answer that was not 2xx or 3xx.
[[nodiscard]] wrk_result run_wrk(const wrk_load& load);

}  // namespace bifilar::experiments
