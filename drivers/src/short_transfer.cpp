// Cuts of what one call moves: fewer bytes of a buffer, or a part of the first of several buffers.
#include "short_transfer.hpp"

#include <bifilar/drivers/io_source.hpp>

#include <algorithm>
#include <climits>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>

namespace bifilar::drivers {
namespace {

bool is_vector(op_kind kind) noexcept { return kind == op_kind::read_vector || kind == op_kind::write_vector; }
bool is_message(op_kind kind) noexcept { return kind == op_kind::recv_message || kind == op_kind::send_message; }
bool is_plain(op_kind kind) noexcept {
    return kind == op_kind::recv || kind == op_kind::recv_lent || kind == op_kind::send || kind == op_kind::read ||
           kind == op_kind::write || kind == op_kind::read_ready || kind == op_kind::write_ready ||
           kind == op_kind::send_file || kind == op_kind::splice_in || kind == op_kind::splice_out;
}

const iovec* first_filled(const iovec* buffers, std::size_t count) noexcept {
    return std::find_if(buffers, buffers + count, [](const iovec& one) { return one.iov_len != 0; });
}

// Of the first buffer, which alone is left by a cut.
std::size_t bytes_of(const op& which) noexcept {
    if (is_plain(which.kind)) return which.bytes;
    const auto* buffers = static_cast<const iovec*>(which.buffer);
    std::size_t count = which.bytes;
    if (is_message(which.kind)) {
        const auto& message = *static_cast<const msghdr*>(which.buffer);
        buffers = message.msg_iov;
        count = message.msg_iovlen;
    }
    const iovec* const first = first_filled(buffers, count);
    return first == buffers + count ? 0 : first->iov_len;
}

}  // namespace

bool may_be_cut(const op& which, std::size_t least) noexcept {
    if (!is_plain(which.kind) && !is_vector(which.kind) && !is_message(which.kind)) return false;
    const std::size_t bytes = bytes_of(which);
    if (bytes <= least) return false;
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

bool may_be_cut(const file_request& what, std::size_t least) noexcept {
    if ((what.kind != file_op::read && what.kind != file_op::write) || what.bytes <= least) return false;
    struct stat about{};
    if (::fstat(what.descriptor, &about) != 0 || !S_ISREG(about.st_mode)) return false;
    const int flags = ::fcntl(what.descriptor, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) == 0;
}

std::size_t cut_bytes(std::size_t bytes, std::size_t least, base::random& random) noexcept {
    const auto span = std::min<std::size_t>(bytes - least, std::numeric_limits<std::uint32_t>::max());
    return least + random.below(static_cast<std::uint32_t>(span));
}

short_transfer::short_transfer(op& which, std::size_t least, base::random& random) noexcept
    : which_{&which}, buffer_{which.buffer}, bytes_{which.bytes} {
    if (is_vector(which.kind)) {
        cut_vector(static_cast<const iovec*>(buffer_), bytes_, least, random);
        which.buffer = &part_;
        which.bytes = 1;
    } else if (is_message(which.kind)) {
        message_ = *static_cast<const msghdr*>(buffer_);
        cut_vector(message_.msg_iov, message_.msg_iovlen, least, random);
        message_.msg_iov = &part_;
        message_.msg_iovlen = 1;
        which.buffer = &message_;
    } else {
        which.bytes = cut_bytes(bytes_, least, random);
    }
}

void short_transfer::cut_vector(const iovec* buffers, std::size_t count, std::size_t least,
                                base::random& random) noexcept {
    part_ = *first_filled(buffers, count);
    part_.iov_len = cut_bytes(part_.iov_len, least, random);
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
