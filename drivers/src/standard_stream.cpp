// Standard streams: what is not a read or a write.
#include <bifilar/drivers/standard_stream.hpp>

#include <bifilar/base/assert.hpp>
#include <bifilar/drivers/owned_descriptor.hpp>

#include "broken_pipe.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bifilar {
namespace {

bool is_on_disk(int descriptor) noexcept {
    struct stat what{};
    if (::fstat(descriptor, &what) != 0) return true;  // The call itself then says what is wrong.
    return S_ISREG(what.st_mode) || S_ISBLK(what.st_mode) || S_ISDIR(what.st_mode);
}

template <class Stream, class Make>
io_result<Stream> copy_of(int descriptor, Make make) {
    owned_descriptor copy{::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    if (!copy) return io_failure(errno);
    io_result<Stream> made{make(copy.get())};
    (void)copy.release();
    return made;
}

}  // namespace

inherited_stream::inherited_stream(int descriptor)
    : source_{new drivers::io_source{descriptor}}, is_file_{is_on_disk(descriptor)} {}

drivers::io_source& inherited_stream::source() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a stream was used after it was moved from");
    return *source_;
}

output_stream::output_stream(int descriptor) : inherited_stream{descriptor} { drivers::survive_broken_pipes(); }

io_result<input_stream> input_stream::duplicate(int descriptor) {
    return copy_of<input_stream>(descriptor, [](int copy) { return input_stream{copy}; });
}

io_result<output_stream> output_stream::duplicate(int descriptor) {
    return copy_of<output_stream>(descriptor, [](int copy) { return output_stream{copy}; });
}

// Never destroyed, so that the descriptors stay open to the very end.
input_stream& standard_input() {
    static input_stream& only = *new input_stream{STDIN_FILENO};
    return only;
}

output_stream& standard_output() {
    static output_stream& only = *new output_stream{STDOUT_FILENO};
    return only;
}

output_stream& standard_error() {
    static output_stream& only = *new output_stream{STDERR_FILENO};
    return only;
}

}  // namespace bifilar
