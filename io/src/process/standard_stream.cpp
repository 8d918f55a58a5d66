// Standard streams: what is not a read or a write.
#include <bifilar/io/process/standard_stream.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/streams/detail/stream_access.hpp>

#include "streams/broken_pipe.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bifilar {
namespace {

bool is_on_disk(int descriptor) noexcept {
    struct stat what{};
    if (::fstat(descriptor, &what) != 0) return true;  // The call itself then says what is wrong.
    return S_ISREG(what.st_mode) || S_ISBLK(what.st_mode) || S_ISDIR(what.st_mode);
}

// A terminal that says "ready" may have room for one byte, and knows no RWF_NOWAIT: it is opened once more, so that
// O_NONBLOCK is set for us alone. Not where that would be another terminal (the leading side of a pty) or is refused.
owned_descriptor reopen_terminal(int descriptor) noexcept {
    unsigned number = 0;
    if (::isatty(descriptor) == 0 || ::ioctl(descriptor, TIOCGPTN, &number) == 0) return owned_descriptor{};
    const int flags = ::fcntl(descriptor, F_GETFL);
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", descriptor);
    return owned_descriptor{::open(path.data(), (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

template <class Stream, class Make>
io_result<Stream> copy_of(int descriptor, Make make) {
    // Not one of the three numbers, which have a meaning of their own.
    owned_descriptor copy{::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    if (!copy) return io_failure(errno);
    return make(copy.release());
}

}  // namespace

inherited_stream::inherited_stream(int descriptor) : takes_plain_calls_{is_on_disk(descriptor)} {
    owned_descriptor own{descriptor > STDERR_FILENO ? descriptor : -1};  // The process keeps its own three.
    if (owned_descriptor terminal = reopen_terminal(descriptor)) {
        takes_plain_calls_ = true;
        own = std::move(terminal);
    }
    source_.reset(new drivers::io_source{own ? own.get() : descriptor});
    (void)own.release();
}

drivers::io_source& inherited_stream::source() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a stream was used after it was moved from");
    return *source_;
}

output_stream::output_stream(int descriptor) : inherited_stream{descriptor} { detail::survive_broken_pipes(); }

io_result<input_stream> input_stream::duplicate(int descriptor) {
    return copy_of<input_stream>(descriptor, [](int copy) { return input_stream{copy}; });
}

io_result<output_stream> output_stream::duplicate(int descriptor) {
    return copy_of<output_stream>(descriptor, [](int copy) { return output_stream{copy}; });
}

// Never destroyed, so that the descriptors stay open to the very end.
input_stream& standard_input() {
    static input_stream& only = *new input_stream{detail::stream_access::make<input_stream>(STDIN_FILENO)};
    return only;
}

output_stream& standard_output() {
    static output_stream& only = *new output_stream{detail::stream_access::make<output_stream>(STDOUT_FILENO)};
    return only;
}

output_stream& standard_error() {
    static output_stream& only = *new output_stream{detail::stream_access::make<output_stream>(STDERR_FILENO)};
    return only;
}

}  // namespace bifilar
