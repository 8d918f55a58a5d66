// Pipes: what is not a read or a write.
#include <bifilar/io/process/pipe.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/io/streams/detail/stream_access.hpp>

#include "streams/broken_pipe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

namespace bifilar {
namespace {

io_result<void> make_non_blocking(int descriptor) noexcept {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0) return io_failure(errno);
    if ((flags & O_NONBLOCK) == 0 && ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) return io_failure(errno);
    return {};
}

io_result<owned_descriptor> open_fifo(const std::string& path, int access) {
    // Without O_NONBLOCK the open would wait for the other end.
    owned_descriptor opened{::open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
    if (!opened) return io_failure(errno);
    struct stat what{};
    if (::fstat(opened.get(), &what) != 0) return io_failure(errno);
    if (!S_ISFIFO(what.st_mode)) return io_failure(EINVAL);
    return opened;
}

}  // namespace

pipe_end::pipe_end(owned_descriptor descriptor) : source_{new drivers::io_source{descriptor.get()}} {
    (void)descriptor.release();
}

drivers::io_source& pipe_end::source() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a pipe was used after it was closed or moved from");
    return *source_;
}

io_result<std::size_t> pipe_end::capacity() const noexcept {
    const int bytes = ::fcntl(source().descriptor(), F_GETPIPE_SZ);
    if (bytes < 0) return io_failure(errno);
    return static_cast<std::size_t>(bytes);
}

io_result<std::size_t> pipe_end::set_capacity(std::size_t bytes) noexcept {
    // Too much is the kernel's to refuse, and not to be cut to something small.
    const auto wanted = static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
    const int given = ::fcntl(source().descriptor(), F_SETPIPE_SZ, wanted);
    if (given < 0) return io_failure(errno);
    return static_cast<std::size_t>(given);
}

pipe_writer::pipe_writer(owned_descriptor descriptor) : pipe_end{std::move(descriptor)} {
    detail::survive_broken_pipes();
}

io_result<pipe_reader> pipe_reader::adopt(owned_descriptor descriptor) {
    if (const auto made = make_non_blocking(descriptor.get()); !made) return std::unexpected{made.error()};
    return pipe_reader{std::move(descriptor)};
}

io_result<pipe_writer> pipe_writer::adopt(owned_descriptor descriptor) {
    if (const auto made = make_non_blocking(descriptor.get()); !made) return std::unexpected{made.error()};
    return pipe_writer{std::move(descriptor)};
}

io_result<pipe_reader> pipe_reader::open(const std::string& path) {
    io_result<owned_descriptor> opened = open_fifo(path, O_RDONLY);
    if (!opened) return std::unexpected{opened.error()};
    return pipe_reader{std::move(*opened)};
}

io_result<pipe_writer> pipe_writer::open(const std::string& path) {
    io_result<owned_descriptor> opened = open_fifo(path, O_WRONLY);
    if (!opened) return std::unexpected{opened.error()};
    return pipe_writer{std::move(*opened)};
}

io_result<std::pair<pipe_reader, pipe_writer>> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return io_failure(errno);
    owned_descriptor from{ends[0]};
    owned_descriptor to{ends[1]};
    return std::pair{detail::stream_access::make<pipe_reader>(std::move(from)),
                     detail::stream_access::make<pipe_writer>(std::move(to))};
}

}  // namespace bifilar
