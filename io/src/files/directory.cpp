// Directories over getdents64, whose records are parsed here.
#include <bifilar/io/files/directory.hpp>

#include <cerrno>
#include <cstring>
#include <dirent.h>

namespace bifilar {

std::optional<directory_entry> detail::directory_batch::take() {
    while (at < filled) {
        // The kernel's linux_dirent64: inode, offset, record length, kind, name.
        constexpr std::size_t name_offset = offsetof(dirent64, d_name);
        const std::byte* const record = room.data() + at;
        // By copies, because what lies in the buffer are bytes and no object.
        std::uint64_t inode = 0;
        std::uint16_t bytes = 0;
        std::memcpy(&inode, record + offsetof(dirent64, d_ino), sizeof inode);
        std::memcpy(&bytes, record + offsetof(dirent64, d_reclen), sizeof bytes);
        const auto kind = std::to_integer<unsigned char>(record[offsetof(dirent64, d_type)]);
        const auto* const name = reinterpret_cast<const char*>(record + name_offset);
        at += bytes;
        if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
        directory_entry made;
        made.name = name;
        made.kind = kind_of_entry(kind);
        made.inode = inode;
        return made;
    }
    return std::nullopt;
}

directory::open_future directory::open(std::string_view path) { return open_future{path}; }

directory::next_future directory::next() noexcept {
    BIFILAR_CHECK(batch_ != nullptr, "a directory was used after it was moved from");
    return next_future{*batch_};
}

directory::open_future::open_future(std::string_view path)
    : call_{drivers::file_request{.kind = file_op::open,
                                  .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK},
            path} {}

directory::open_future::~open_future() {
    call_.wait().end();
    // Given up, it may have been opened all the same.
    if (const std::optional<int> left = call_.wait().finished(); left && *left >= 0) ::close(*left);
}

polled<io_result<directory>> directory::open_future::poll(context& cx) {
    const drivers::call_result result = call_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{directory{*result}};
}

directory::next_future::next_future(detail::directory_batch& of) noexcept
    : of_{&of},
      wait_{drivers::file_request{.kind = file_op::read_entries,
                                  .descriptor = of.handle.descriptor(),
                                  .buffer = of.room.data(),
                                  .bytes = of.room.size()},
            &of.handle} {}

directory::next_future::~next_future() {
    wait_.end();
    // The kernel has moved on behind these entries.
    if (const std::optional<int> left = wait_.finished(); left && *left > 0) {
        of_->at = 0;
        of_->filled = static_cast<std::size_t>(*left);
    }
}

polled<io_result<std::optional<directory_entry>>> directory::next_future::poll(context& cx) {
    for (;;) {
        // Not while a call is in flight, which writes into the same room.
        if (wait_.idle()) {
            if (std::optional<directory_entry> next = of_->take()) {
                return output{std::move(next)};
            }
        }
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        if (*result == 0) return output{std::optional<directory_entry>{}};
        of_->at = 0;
        of_->filled = static_cast<std::size_t>(*result);
    }
}

}  // namespace bifilar
