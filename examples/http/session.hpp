// The server's side of one connection without its I/O: bytes in, bytes out, and what to do next.
// Both models drive the same session; see connection.cpp.
#pragma once

#include "answer.hpp"
#include "parser.hpp"
#include "static_file.hpp"

#include <bifilar/sync/byte_budget.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>

namespace http {

struct settings {
    limits most;
    /// What bodies and answers of all connections may take together, beyond own_bytes of each: where that is taken, a
    /// request is answered with 503. Outlives the connections; null: no bound.
    bifilar::byte_budget* memory = nullptr;
    std::string
        metrics;        ///< The path at which Prometheus finds the runtime's metrics, such as "/metrics"; empty: none.
    std::string trace;  ///< Likewise: its latest events, for Perfetto.
    int root = -1;  ///< The folder whose files are served; -1: "/" says hello, and "/echo" gives back what is posted.
};

/// What of bodies and answers a connection may have in memory without asking, beside its room for heads.
inline constexpr std::size_t own_bytes = 48 * 1024;

/// Allocates when it is made; then only for requests that are longer than all before, and for files.
class session {
public:
    using clock = std::chrono::steady_clock;

    enum class step : unsigned char {
        read,   ///< Read into room() until deadline(), then got(), time_out() or end().
        write,  ///< Write output(), then wrote().
        open,   ///< Open path(), then opened().
        send,   ///< Send file_part() of file(), or a part of that, then sent().
        close,  ///< Close; when lingers(), let the peer read the last answer first.
    };

    explicit session(const settings& given);

    /// What to do next. `stopping`: the answer to the present request is the last.
    [[nodiscard]] step next(bool stopping);

    [[nodiscard]] std::span<std::byte> room() noexcept;
    [[nodiscard]] clock::time_point deadline() const noexcept { return deadline_; }
    /// No part of a request has come: the server may end the connection.
    [[nodiscard]] bool is_idle() const noexcept { return begin_ == end_ && parser_.at() == progress::idle; }
    void got(std::size_t bytes) noexcept { end_ += bytes; }
    void time_out();
    void end() noexcept { phase_ = phase::closing; }

    [[nodiscard]] std::string_view output() const noexcept { return output_; }
    /// More follows output() at once: a file.
    [[nodiscard]] bool has_more() const noexcept { return phase_ == phase::sending; }
    void wrote();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    void opened(opened_file made);
    [[nodiscard]] const bifilar::file& file() const noexcept { return *file_.file; }
    [[nodiscard]] byte_range file_part() const noexcept;
    void sent(std::uint64_t bytes);

    [[nodiscard]] bool lingers() const noexcept { return lingers_; }

private:
    enum class phase : unsigned char { requests, opening, sending, closing };

    bool advance(bool stopping);
    void note_head();
    void answer(bool stopping);
    void route();
    [[nodiscard]] bool affords(std::size_t more);
    [[nodiscard]] bool borrows(std::size_t bytes);
    [[nodiscard]] bool tell(std::string_view type, const std::string& body);
    void say(std::string_view type, std::string_view body);
    void refuse(int status, std::string_view more = {});
    void finish_request();
    [[nodiscard]] answer_head head(int status) const;
    [[nodiscard]] const request& asked() const noexcept { return parser_.message(); }
    [[nodiscard]] bool is_head() const noexcept { return asked().method == method::head; }

    const settings* given_;
    request_parser parser_;
    std::size_t capacity_;
    std::unique_ptr<char[]> input_;
    std::size_t begin_ = 0;  // Of what was read and not yet parsed.
    std::size_t end_ = 0;
    std::string output_;
    bifilar::byte_budget::loan loan_;  // For what it has beyond own_bytes.
    std::string path_;
    static_file file_;
    byte_range part_{0, 0};  // Of file_, that is still to be sent.
    date_cache date_;
    clock::time_point began_{};  // The present request; the epoch: it has not.
    clock::time_point deadline_{};
    phase phase_ = phase::requests;
    bool head_seen_ = false;
    bool closes_ = false;  // The present answer is the last.
    bool lingers_ = false;
};

}  // namespace http
