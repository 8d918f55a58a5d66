// File futures over file_wait.
#include <bifilar/io/files/file_futures.hpp>

#include <cerrno>
#include <limits>
#include <utility>

namespace bifilar {
namespace {

io_result<void> done_or_failed(int result) noexcept {
    if (result < 0) return io_failure(-result);
    return {};
}

// To the kernel a path ends there: it would act on another one than the caller means.
bool has_zero_byte(const std::string& path) noexcept { return path.find('\0') != std::string::npos; }

}  // namespace

file_transfer_future::file_transfer_future(detail::file_handle& on, file_op kind, void* buffer, std::size_t bytes,
                                           std::uint64_t offset, transfer how, int flags,
                                           std::uint64_t* position) noexcept
    : at_{static_cast<std::byte*>(buffer)},
      bytes_{bytes},
      offset_{offset},
      position_{position},
      how_{how},
      wait_{drivers::file_request{.kind = kind, .descriptor = on.descriptor(), .flags = flags}, &on} {}

polled<io_result<std::size_t>> file_transfer_future::poll(context& cx) {
    while (moved_ < bytes_) {
        if (wait_.idle()) {
            drivers::file_request& next = wait_.request();
            next.buffer = at_ + moved_;
            next.bytes = bytes_ - moved_;
            next.offset = position_ != nullptr ? *position_ : offset_ + moved_;
            // Beyond, offsets are negative to the kernel, and -1 means something else.
            if (next.offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return output{io_failure(EINVAL)};
        }
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        moved_ += static_cast<std::size_t>(*result);
        if (position_ != nullptr) *position_ += static_cast<std::size_t>(*result);
        if (how_ == transfer::some) break;
        // All was asked for, and nothing more is moved: without an end the loop would go on for ever.
        if (*result == 0) return output{io_failure(drivers::error_of_nothing(wait_.request().kind))};
    }
    return output{moved_};
}

polled<io_result<void>> file_action_future::poll(context& cx) {
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    return output{done_or_failed(*result)};
}

drivers::call_result detail::path_wait::poll(context& cx) {
    if (has_zero_byte(path_) || has_zero_byte(other_)) return -EINVAL;
    if (wait_.idle()) {  // Here, not in the constructor: short strings move with the future.
        wait_.request().path = path_.c_str();
        if (wait_.request().kind == file_op::rename) wait_.request().to_path = other_.c_str();
    }
    return wait_.poll(cx);
}

polled<io_result<void>> path_action_future::poll(context& cx) {
    const drivers::call_result result = call_.poll(cx);
    if (!result) return not_ready;
    return output{done_or_failed(*result)};
}

metadata_future::metadata_future(std::string_view path, bool follow)
    : path_{path},
      wait_{drivers::file_request{.kind = file_op::status, .flags = follow ? 0 : AT_SYMLINK_NOFOLLOW}} {}

metadata_future::metadata_future(detail::file_handle& of)
    : wait_{drivers::file_request{.kind = file_op::status, .descriptor = of.descriptor(), .flags = AT_EMPTY_PATH},
            &of} {}

polled<io_result<file_metadata>> metadata_future::poll(context& cx) {
    if (has_zero_byte(path_)) return output{io_failure(EINVAL)};
    if (wait_.idle()) {
        wait_.request().path = path_.c_str();
        wait_.request().status = &status_;
    }
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{detail::metadata_of(status_)};
}

polled<io_result<std::uint64_t>> size_future::poll(context& cx) {
    polled<io_result<file_metadata>> answer = all_.poll(cx);
    if (!answer) return not_ready;
    const io_result<file_metadata> all = answer.take();
    if (!all) return output{std::unexpected{all.error()}};
    return output{all->size_bytes};
}

}  // namespace bifilar
