// Calls on files and paths as futures: bytes moved, things done, metadata. Each keeps one file_wait.
// Paths are copied when the future is made; what bytes are read into or written from stays valid until it is ready.
#pragma once

#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/io/files/detail/file_wait.hpp>
#include <bifilar/io/files/file_metadata.hpp>
#include <bifilar/io/streams/stream_futures.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace bifilar {

/// Reads or writes at an offset. Ready with how many bytes were moved.
/// Cancellation: what the kernel had moved by then stays moved, and is not told.
class [[nodiscard]] file_transfer_future {
public:
    using output = io_result<std::size_t>;

    /// `position`: where a cursor's offset lives, which is moved by what is moved; null: `offset` counts.
    file_transfer_future(detail::file_handle& on, file_op kind, void* buffer, std::size_t bytes,
                         std::uint64_t offset, transfer how, int flags = 0, std::uint64_t* position = nullptr) noexcept;
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<file_transfer_future>(to); }

private:
    std::byte* at_;
    std::size_t bytes_;
    std::size_t moved_ = 0;
    std::uint64_t offset_;
    std::uint64_t* position_;
    transfer how_;
    detail::file_wait wait_;
};

/// Does something to an open file.
/// Cancellation: it was done, or not.
class [[nodiscard]] file_action_future {
public:
    using output = io_result<void>;

    file_action_future(const drivers::file_request& what, detail::file_handle& on) noexcept : wait_{what, &on} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<file_action_future>(to); }

private:
    detail::file_wait wait_;
};

namespace detail {

/// A call on one path or two. Owns copies of them. A path with a zero byte is answered with EINVAL.
class path_wait {
public:
    path_wait(const drivers::file_request& what, std::string_view path, std::string_view other = {})
        : path_{path}, other_{other}, wait_{what} {}

    [[nodiscard]] drivers::call_result poll(context& cx);
    [[nodiscard]] file_wait& wait() noexcept { return wait_; }
    template <class F>
    void describe(task_visitor& to) const noexcept {
        wait_.describe<F>(to);
    }

private:
    std::string path_;
    std::string other_;
    file_wait wait_;
};

}  // namespace detail

/// Does something to what a path names.
/// Cancellation: it was done, or not.
class [[nodiscard]] path_action_future {
public:
    using output = io_result<void>;

    /// Copies the paths.
    /// Throws: std::bad_alloc.
    path_action_future(const drivers::file_request& what, std::string_view path, std::string_view other = {})
        : call_{what, path, other} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return call_.wait().poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe<path_action_future>(to); }

private:
    detail::path_wait call_;
};

/// Ready with the metadata of a path, or of an open file.
class [[nodiscard]] metadata_future {
public:
    using output = io_result<file_metadata>;

    /// Of the path; of a symbolic link itself, unless `follow`.
    metadata_future(std::string_view path, bool follow);
    /// Of the open file.
    explicit metadata_future(detail::file_handle& of);
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<metadata_future>(to); }

private:
    std::string path_;
    struct statx status_{};
    detail::file_wait wait_;
};

/// Ready with the size of an open file in bytes.
class [[nodiscard]] size_future {
public:
    using output = io_result<std::uint64_t>;

    explicit size_future(detail::file_handle& of) : all_{of} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return all_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { all_.describe_wait(to); }

private:
    metadata_future all_;
};

}  // namespace bifilar
