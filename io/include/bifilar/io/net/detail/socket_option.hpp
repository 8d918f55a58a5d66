// Numeric options of sockets, and how sockets are opened: what all kinds of them share.
#pragma once

#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <cstddef>

namespace bifilar::detail {

/// setsockopt(2) and getsockopt(2) with a number. Any thread; they do not block.
io_result<void> set_socket_option(int descriptor, int level, int name, int value) noexcept;
[[nodiscard]] io_result<int> socket_option(int descriptor, int level, int name) noexcept;
/// A size for an option; what is larger than the kernel can be told becomes the largest.
[[nodiscard]] int clamped_size(std::size_t bytes) noexcept;

/// `type` may hold SOCK_NONBLOCK; close-on-exec is set. socket(2)'s errors.
[[nodiscard]] io_result<owned_descriptor> open_socket(int family, int type) noexcept;
/// Sockets that calls of a ring are made on: it waits for them, while it answers EAGAIN for others.
void make_blocking(int descriptor) noexcept;

}  // namespace bifilar::detail
