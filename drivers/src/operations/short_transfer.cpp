// Cuts of what one call moves: fewer bytes of a buffer, or a part of the first of several buffers.
#include "short_transfer.hpp"

#include "operations.hpp"

#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <algorithm>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>

namespace bifilar::drivers {
namespace {

// Operations whose argument is a number of bytes, wherever those are.
bool is_plain(argument_kind has) noexcept {
    return has == argument_kind::bytes || has == argument_kind::target || has == argument_kind::part ||
           has == argument_kind::pipe;
}

const iovec* first_filled(const iovec* buffers, std::size_t count) noexcept {
    return std::find_if(buffers, buffers + count, [](const iovec& one) { return one.iov_len != 0; });
}

}  // namespace

std::size_t bytes_to_cut(const op& which) noexcept {
    const argument_kind has = traits_of(which.kind).has;
    if (is_plain(has)) return which.arguments.bytes();
    const iovec* buffers = nullptr;
    std::size_t count = 0;
    if (has == argument_kind::vector) {
        buffers = which.arguments.vector();
        count = which.arguments.count();
    } else if (has == argument_kind::message) {
        buffers = which.arguments.message().msg_iov;
        count = which.arguments.message().msg_iovlen;
    }
    const iovec* const first = first_filled(buffers, count);
    return first == buffers + count ? 0 : first->iov_len;
}

bool may_be_cut(const op& which, std::size_t least) noexcept {
    const std::size_t bytes = bytes_to_cut(which);
    if (bytes <= least) return false;
    const int descriptor = which.source->descriptor();
    struct stat about {};
    if (::fstat(descriptor, &about) != 0) return false;
    if (S_ISREG(about.st_mode)) return true;
    // A pipe takes up to PIPE_BUF bytes as a whole, by the promise of POSIX.
    if (S_ISFIFO(about.st_mode)) return reads(which.kind) || bytes > PIPE_BUF;
    if (!S_ISSOCK(about.st_mode)) return false;
    // A datagram that is cut would lose its rest.
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

bool may_be_cut(const file_request& what, std::size_t least) noexcept {
    if ((what.kind != file_op::read && what.kind != file_op::write) || what.bytes <= least) return false;
    struct stat about {};
    if (::fstat(what.descriptor, &about) != 0 || !S_ISREG(about.st_mode)) return false;
    // O_DIRECT: the sizes of such calls must be those of whole blocks.
    const int flags = ::fcntl(what.descriptor, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) == 0;
}

short_transfer::short_transfer(op& which, std::size_t left) noexcept : which_{&which}, whole_{which.arguments} {
    switch (traits_of(which.kind).has) {
        case argument_kind::vector:
            // A part of the first buffer stands for all of them.
            cut_vector(whole_.vector(), whole_.count(), left);
            which.arguments = call_arguments::of_vector(&part_, 1);
            break;
        case argument_kind::message:
            // A copy, because the caller's header must stay as it is.
            message_ = whole_.message();
            cut_vector(message_.msg_iov, message_.msg_iovlen, left);
            message_.msg_iov = &part_;
            message_.msg_iovlen = 1;
            which.arguments = call_arguments::of_message(message_);
            break;
        case argument_kind::bytes:
        case argument_kind::target:
        case argument_kind::part:
        case argument_kind::pipe:
            which.arguments = whole_.cut_to(left);
            break;
        case argument_kind::none:
        case argument_kind::messages:
        case argument_kind::request:
            break;  // See may_be_cut.
    }
}

void short_transfer::cut_vector(const iovec* buffers, std::size_t count, std::size_t left) noexcept {
    part_ = *first_filled(buffers, count);
    part_.iov_len = left;
}

short_transfer::~short_transfer() {
    if (traits_of(which_->kind).has == argument_kind::message) {
        // The kernel has written these into the copy that it was given.
        msghdr& whole = whole_.message();
        whole.msg_namelen = message_.msg_namelen;
        whole.msg_controllen = message_.msg_controllen;
        whole.msg_flags = message_.msg_flags;
    }
    which_->arguments = whole_;
}

}  // namespace bifilar::drivers
