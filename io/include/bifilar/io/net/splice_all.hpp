// Copies one stream socket to another through a pipe in the kernel: no byte passes through the process.
// Built on splice(2); what copy is for streams of any kind.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/net/socket_stream.hpp>
#include <bifilar/io/streams/copy_result.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace bifilar {

struct splice_options {
    /// What the pipe should hold, and so what is moved at a time. Not 0. The kernel rounds up to pages, and to a power
    /// of two; it refuses more than fs.pipe-max-size (1 MiB), and any change when the user's pipes have more than
    /// fs.pipe-user-pages-soft (64 MiB), except to the privileged. Refused, the pipe stays as it was made, of 64 KiB or
    /// above that limit 8 KiB, and works more slowly.
    std::size_t pipe_bytes = 256 * 1024;
    /// At most so many bytes are read and written.
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

/// Ready when `from` has ended, the limit is reached or a side failed. Both streams outlive it. Also the engine of one
/// direction of splice_bidirectional.
class [[nodiscard]] splice_all_future {
public:
    using output = copy_result;

    splice_all_future(drivers::io_source& from, drivers::io_source& to, const splice_options& options);
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;

    /// What `to` has taken so far.
    [[nodiscard]] std::uint64_t bytes() const noexcept;
    void describe_wait(task_visitor& to) const noexcept {
        (in_pipe_ != 0 ? out_ : in_).describe<splice_all_future>(to);
    }

private:
    [[nodiscard]] int open_pipe() noexcept;
    [[nodiscard]] copy_result end(int error, copy_side side) noexcept;

    std::size_t pipe_bytes_;
    std::uint64_t left_;  // May still be read.
    std::uint64_t bytes_ = 0;
    std::size_t in_pipe_ = 0;  // Read and not yet written.
    bool opened_ = false;
    // Before the waits, which use them and end first.
    owned_descriptor pipe_from_;
    owned_descriptor pipe_to_;
    int from_number_ = -1;  // Of pipe_from_, where the operation finds it.
    int to_number_ = -1;
    drivers::io_wait in_;
    drivers::io_wait out_;
};

/// Copies what `from` gives to `to`, until `from` ends, through a pipe of its own, which is closed at the end. Never
/// fails as a future: the result tells how many bytes `to` has taken, the error, and whose it is. Does not half-close
/// `to`. SIGPIPE is treated as pipe_writer says.
/// Pays from some KiB at a time on; copy is as good for small messages, and takes streams of any kind. Urgent data of
/// TCP is left out, as by reads. Opens two descriptors with the first poll, which does not block or allocate.
///
/// Throws: std::invalid_argument for pipe_bytes of 0.
/// Errors: in the result, those of the sockets' reads and writes; EINVAL of sockets that splice(2) does not know;
/// nobody's, copy_side::none, when there was no pipe to be had: EMFILE, ENFILE; nothing has been read then.
/// Cancellation: it is brought to rest, by the destructor too; what has been read and not been written then, up to
/// what the pipe holds, is lost, as with copy.
/// Suspends: until `from` has ended, the limit is reached or a side has failed.
[[nodiscard]] splice_all_future splice_all(socket_stream& from, socket_stream& to, const splice_options& options = {});

}  // namespace bifilar
