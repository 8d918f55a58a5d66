// A peer as a plain thread has it: one TCP connection, with limits of time, and with nothing of the library.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace attack {

enum class ending : unsigned char {
    closed,  ///< The peer ended in order.
    reset,   ///< By a reset.
    silent,  ///< It did not end: nothing came, or was taken, for the whole patience.
};

class connection {
public:
    /// To 127.0.0.1. Throws std::system_error. The patience is long, for a busy machine. A new source address every
    /// time, so that ports do not run out.
    explicit connection(std::uint16_t port, std::chrono::milliseconds patience = std::chrono::minutes{3});
    /// Takes over a connected socket.
    connection(int descriptor, std::chrono::milliseconds patience) noexcept
        : descriptor_{descriptor}, patience_{patience} {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    /// Writes all, in portions of `portion_bytes`, and reads meanwhile; then half-closes, and reads until the end. What
    /// was read is appended to `answer`. A peer that takes no more is read to its end.
    [[nodiscard]] ending converse(std::string_view bytes, std::string& answer,
                                  std::size_t portion_bytes = std::size_t{1} << 20);
    /// Writes all and reads until `complete` says that what was appended to `answer` is all. False: the connection
    /// ended before, or was silent.
    [[nodiscard]] bool ask(std::string_view bytes, std::string& answer,
                           const std::function<bool(std::string_view)>& complete);
    /// Reads what comes next, appended to `answer`. False: the end, or silence.
    [[nodiscard]] bool read_some(std::string& answer);
    /// False: the connection is over.
    [[nodiscard]] bool write_all(std::string_view bytes);

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    [[nodiscard]] bool wait(short events) const;

    int descriptor_;
    std::chrono::milliseconds patience_;
};

/// A listener on 127.0.0.1 at a port of the kernel's choice, for hostile servers.
class listener {
public:
    listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// A socket, or -1 when nobody came for so long, or when the listener was closed.
    [[nodiscard]] int accept(std::chrono::milliseconds patience) const;

private:
    int descriptor_;
    std::uint16_t port_ = 0;
};

/// The bytes as one line of printable text, cut after `most` of them.
[[nodiscard]] std::string shown(std::string_view bytes, std::size_t most = 2000);

}  // namespace attack
