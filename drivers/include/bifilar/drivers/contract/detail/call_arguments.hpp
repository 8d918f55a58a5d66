// What an operation's call is about, by name. What is pointed to stays the caller's, until the call is over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/socket.h>
#include <sys/uio.h>

namespace bifilar {
class received_bytes;
}

namespace bifilar::drivers {

struct file_request;

/// What send_file sends. The offset moves with what was sent.
struct file_part {
    int descriptor;
    std::int64_t offset;
};

/// Two words for all kinds of operations. Which of the pairs below one has, its operation says (src/operations).
class call_arguments {
public:
    call_arguments() noexcept = default;

    /// [buffer, buffer + bytes), to read into or to write from.
    [[nodiscard]] static call_arguments of_bytes(const void* buffer, std::size_t bytes) noexcept {
        return {buffer, bytes};
    }
    [[nodiscard]] void* buffer() const noexcept { return at_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return amount_; }

    /// Who takes the pool's buffer, and at most how many bytes.
    [[nodiscard]] static call_arguments of_target(received_bytes& into, std::size_t max_bytes) noexcept {
        return {&into, max_bytes};
    }
    [[nodiscard]] received_bytes& target() const noexcept { return *static_cast<received_bytes*>(at_); }

    [[nodiscard]] static call_arguments of_vector(const iovec* buffers, std::size_t count) noexcept {
        return {buffers, count};
    }
    [[nodiscard]] const iovec* vector() const noexcept { return static_cast<const iovec*>(at_); }

    [[nodiscard]] static call_arguments of_message(const msghdr& header) noexcept { return {&header, 1}; }
    static call_arguments of_message(const msghdr&&) = delete;  ///< It has to outlive the call.
    [[nodiscard]] msghdr& message() const noexcept { return *static_cast<msghdr*>(at_); }

    [[nodiscard]] static call_arguments of_messages(mmsghdr* headers, std::size_t count) noexcept {
        return {headers, count};
    }
    [[nodiscard]] mmsghdr* messages() const noexcept { return static_cast<mmsghdr*>(at_); }

    /// Of a vector or of messages.
    [[nodiscard]] std::size_t count() const noexcept { return amount_; }

    [[nodiscard]] static call_arguments of_part(file_part& part, std::size_t max_bytes) noexcept {
        return {&part, max_bytes};
    }
    [[nodiscard]] file_part& part() const noexcept { return *static_cast<file_part*>(at_); }

    /// Where the pipe's descriptor is, and at most how many bytes.
    [[nodiscard]] static call_arguments of_pipe(const int& descriptor, std::size_t max_bytes) noexcept {
        return {&descriptor, max_bytes};
    }
    static call_arguments of_pipe(const int&&, std::size_t) = delete;  ///< As above.
    [[nodiscard]] int pipe() const noexcept { return *static_cast<const int*>(at_); }

    [[nodiscard]] static call_arguments of_request(file_request& what) noexcept { return {&what, 1}; }
    [[nodiscard]] file_request& request() const noexcept { return *static_cast<file_request*>(at_); }

    /// The same about fewer bytes, for what has a number of bytes.
    [[nodiscard]] call_arguments cut_to(std::size_t bytes) const noexcept { return {at_, bytes}; }

private:
    // The kernel writes where its call does, and to nothing else.
    call_arguments(const void* at, std::size_t amount) noexcept : at_{const_cast<void*>(at)}, amount_{amount} {}

    void* at_ = nullptr;
    std::size_t amount_ = 0;
};

}  // namespace bifilar::drivers
