// Batches of datagrams: the descriptions point into the batch's own arrays, which never grow.
#include <bifilar/io/net/datagram_batch.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace bifilar {
namespace {

std::size_t checked(std::size_t capacity, std::size_t bytes_each) {
    if (capacity == 0 || capacity > datagram_batch::max_datagrams)
        throw std::invalid_argument{"a datagram_batch for " + std::to_string(capacity) +
                                    " datagrams; use 1 to 1,024, what the kernel takes with one call"};
    if (bytes_each == 0)
        throw std::invalid_argument{"a datagram_batch for datagrams of 0 bytes; use 1,500 or 65,536, say"};
    return capacity;
}

}  // namespace

datagram_batch::datagram_batch(std::size_t capacity, std::size_t bytes_each)
    : bytes_each_{bytes_each},
      bytes_{std::make_unique_for_overwrite<std::byte[]>(checked(capacity, bytes_each) * bytes_each)},
      addresses_(capacity),
      vectors_(capacity),
      notes_(capacity),
      headers_(capacity) {
    for (std::size_t n = 0; n < capacity; ++n) {
        vectors_[n].iov_base = bytes_.get() + n * bytes_each;
        headers_[n].msg_hdr.msg_iov = &vectors_[n];
        headers_[n].msg_hdr.msg_iovlen = 1;
    }
}

datagram_batch::item datagram_batch::operator[](std::size_t index) const noexcept {
    const msghdr& header = headers_[index].msg_hdr;
    const std::span bytes{bytes_.get() + index * bytes_each_, vectors_[index].iov_len};
    return {bytes, addresses_[index], (header.msg_flags & MSG_TRUNC) != 0, detail::segment_note::read(header)};
}

bool datagram_batch::add(std::span<const std::byte> bytes, const socket_address& to) noexcept {
    if (size_ == capacity() || bytes.size() > bytes_each_) return false;
    if (!bytes.empty()) std::memcpy(vectors_[size_].iov_base, bytes.data(), bytes.size());
    vectors_[size_].iov_len = bytes.size();
    addresses_[size_] = to;
    msghdr& header = headers_[size_].msg_hdr;
    // Without an address it goes to the peer that the socket is connected to.
    header.msg_name = to.size() == 0 ? nullptr : addresses_[size_].buffer();
    header.msg_namelen = to.size();
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    header.msg_flags = 0;
    ++size_;
    return true;
}

void datagram_batch::offer_room(const drivers::io_source& from) noexcept {
    size_ = 0;
    for (std::size_t n = 0; n < capacity(); ++n) {
        vectors_[n].iov_len = bytes_each_;
        msghdr& header = headers_[n].msg_hdr;
        header.msg_name = addresses_[n].buffer();
        header.msg_namelen = socket_address::room;
        notes_[n].attach(header, from);
    }
}

void datagram_batch::take(std::size_t count) noexcept {
    size_ = count;
    for (std::size_t n = 0; n < count; ++n) {
        vectors_[n].iov_len = headers_[n].msg_len;
        addresses_[n].written(headers_[n].msg_hdr.msg_namelen, AF_UNIX);
    }
}

polled<io_result<std::size_t>> batch_receive_future::poll(context& cx) {
    if (!offered_) {
        // Once: the kernel may have the batch afterwards.
        into_->offer_room(wait_.source());
        wait_.set(drivers::call_arguments::of_messages(into_->headers(), into_->capacity()));
        offered_ = true;
    }
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    into_->take(static_cast<std::size_t>(*result));
    return output{into_->size()};
}

polled<io_result<std::size_t>> batch_send_future::poll(context& cx) {
    while (first_ + sent_ < from_->size()) {
        const std::size_t next = first_ + sent_;
        wait_.set(drivers::call_arguments::of_messages(from_->headers() + next, from_->size() - next));
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0 && sent_ == 0) return output{io_failure(-*result)};
        // What was sent before is told now; a failure that lasts comes again with the next send.
        if (*result < 0) break;
        sent_ += static_cast<std::size_t>(*result);
    }
    return output{sent_};
}

}  // namespace bifilar
