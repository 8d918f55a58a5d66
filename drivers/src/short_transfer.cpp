// Cuts of what one call moves: fewer bytes of a buffer, or a part of the first of several buffers.
#include "short_transfer.hpp"

#include <bifilar/drivers/io_source.hpp>

#include <algorithm>
#include <climits>
#include <limits>
#include <sys/stat.h>

namespace bifilar::drivers {
namespace {

bool is_vector(op_kind kind) noexcept { return kind == op_kind::read_vector || kind == op_kind::write_vector; }
bool is_message(op_kind kind) noexcept { return kind == op_kind::recv_message || kind == op_kind::send_message; }
bool is_plain(op_kind kind) noexcept {
    return kind == op_kind::recv || kind == op_kind::send || kind == op_kind::read || kind == op_kind::write ||
           kind == op_kind::send_file;
}

std::size_t total(const iovec* buffers, std::size_t count) noexcept {
    std::size_t sum = 0;
    for (std::size_t n = 0; n < count; ++n) sum += buffers[n].iov_len;
    return sum;
}

std::size_t bytes_of(const op& which) noexcept {
    if (is_vector(which.kind)) return total(static_cast<const iovec*>(which.buffer), which.bytes);
    if (!is_message(which.kind)) return which.bytes;
    const auto& message = *static_cast<const msghdr*>(which.buffer);
    return total(message.msg_iov, message.msg_iovlen);
}

std::size_t smaller(std::size_t bytes, base::random& random) noexcept {
    const auto most =
        static_cast<std::uint32_t>(std::min<std::size_t>(bytes - 1, std::numeric_limits<std::uint32_t>::max()));
    return 1 + random.below(most);
}

}  // namespace

bool may_be_cut(const op& which) noexcept {
    if (!is_plain(which.kind) && !is_vector(which.kind) && !is_message(which.kind)) return false;
    const std::size_t bytes = bytes_of(which);
    if (bytes < 2) return false;
    const int descriptor = which.source->descriptor();
    struct stat about{};
    if (::fstat(descriptor, &about) != 0) return false;
    if (S_ISREG(about.st_mode)) return true;
    if (S_ISFIFO(about.st_mode)) return reads(which.kind) || bytes > PIPE_BUF;
    if (!S_ISSOCK(about.st_mode)) return false;
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

short_transfer::short_transfer(op& which, base::random& random) noexcept
    : which_{&which}, buffer_{which.buffer}, bytes_{which.bytes} {
    if (is_vector(which.kind)) {
        cut_vector(static_cast<const iovec*>(buffer_), bytes_, random);
        which.buffer = &part_;
        which.bytes = 1;
    } else if (is_message(which.kind)) {
        message_ = *static_cast<const msghdr*>(buffer_);
        cut_vector(message_.msg_iov, message_.msg_iovlen, random);
        message_.msg_iov = &part_;
        message_.msg_iovlen = 1;
        which.buffer = &message_;
    } else {
        which.bytes = smaller(bytes_, random);
    }
}

// Of the first buffer that is not empty.
void short_transfer::cut_vector(const iovec* buffers, std::size_t count, base::random& random) noexcept {
    const iovec* const first =
        std::find_if(buffers, buffers + count, [](const iovec& one) { return one.iov_len != 0; });
    part_ = *first;
    if (part_.iov_len > 1) part_.iov_len = smaller(part_.iov_len, random);
}

short_transfer::~short_transfer() {
    if (is_message(which_->kind)) {
        auto& whole = *static_cast<msghdr*>(buffer_);
        whole.msg_namelen = message_.msg_namelen;
        whole.msg_controllen = message_.msg_controllen;
        whole.msg_flags = message_.msg_flags;
    }
    which_->buffer = buffer_;
    which_->bytes = bytes_;
}

}  // namespace bifilar::drivers
