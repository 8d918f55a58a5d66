// Numeric options of sockets, and how sockets are opened: what all kinds of them share.
#pragma once

#include <bifilar/drivers/io_result.hpp>
#include <bifilar/drivers/io_source.hpp>
#include <bifilar/drivers/owned_descriptor.hpp>
#include <cstddef>

namespace bifilar::drivers {

/// setsockopt(2) and getsockopt(2) with a number. Any thread; they do not block.
io_result<void> set_socket_option(int descriptor, int level, int name, int value) noexcept;
[[nodiscard]] io_result<int> socket_option(int descriptor, int level, int name) noexcept;
/// A size for an option; what is larger than the kernel can be told becomes the largest.
[[nodiscard]] int clamped_size(std::size_t bytes) noexcept;

/// `type` may hold SOCK_NONBLOCK; close-on-exec is set. socket(2)'s errors.
[[nodiscard]] io_result<owned_descriptor> open_socket(int family, int type) noexcept;
/// Sockets that calls of a ring are made on: it waits for them, while it answers EAGAIN for others.
void make_blocking(int descriptor) noexcept;
/// The one owner. Throws std::bad_alloc, the descriptor is closed then.
[[nodiscard]] source_ptr make_source(owned_descriptor descriptor);
/// The same for what a call has answered with: ENOMEM in place of the exception.
[[nodiscard]] io_result<source_ptr> try_make_source(owned_descriptor descriptor) noexcept;

}  // namespace bifilar::drivers
