// The file that a Unix socket makes when it is bound: who removes it, and what to do with one that was left behind.
#pragma once

#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/address/socket_address.hpp>
#include <bifilar/io/net/unix_bind_options.hpp>
#include <optional>
#include <string>
#include <sys/types.h>

namespace bifilar::detail {

/// Move-only; removes the file in its destructor, if it is still the one that was made. Relative paths are looked up
/// from the folder that is current then.
class bound_path {
public:
    bound_path() noexcept = default;
    bound_path(bound_path&& other) noexcept;
    bound_path& operator=(bound_path&& other) noexcept;
    ~bound_path() { remove(); }

    /// Binds the socket, of that type (SOCK_STREAM or SOCK_DGRAM). Empty where there is nothing to remove. bind(2)'s
    /// errors. Throws std::bad_alloc.
    [[nodiscard]] static io_result<bound_path> bind(int descriptor, const socket_address& address, int type,
                                                    const unix_bind_options& options);
    /// The socket is what it will be: with replace_stale, one that is bound and does not listen yet is held for stale,
    /// so until here nobody else may look.
    void settle() noexcept { turn_.reset(); }
    void remove() noexcept;

private:
    std::string path_;  // Empty: nothing to remove.
    dev_t device_ = 0;
    ino_t inode_ = 0;
    owned_descriptor turn_;  // The folder, locked, until settle(); none without replace_stale.
};

}  // namespace bifilar::detail
