// Several calls on files in a row, made by one thread of the blocking pool in one go: a single wait for all of them.
#pragma once

#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/io/files/detail/file_wait.hpp>
#include <cerrno>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace bifilar::detail {

/// What a job is given. It owns the paths, not the bytes.
struct job_arguments {
    std::string path;
    std::string other;
    std::span<const std::byte> bytes;
    std::uint64_t number = 0;
    void* object = nullptr;
    /// Whether the job had better end early, with ECANCELED. On the job's thread.
    [[nodiscard]] bool cancel_asked() const noexcept { return waits->cancel_asked(); }
    const file_wait* waits = nullptr;
};

/// Ready with what the work answers. Paths with a zero byte are answered with EINVAL, memory that cannot be had with
/// ENOMEM. Cancelled before a thread begins, it does nothing; afterwards it ends at its next step.
template <class T>
class [[nodiscard]] file_job {
public:
    using output = io_result<T>;
    using work = output (*)(const job_arguments&);

    file_job(work what, job_arguments arguments) noexcept
        : work_{what}, arguments_{std::move(arguments)}, wait_{drivers::file_request{}} {}
    polled<output> poll(context& cx) {
        if (wait_.idle()) {  // Here, not in the constructor: the future does not move any more.
            if (arguments_.path.find('\0') != std::string::npos || arguments_.other.find('\0') != std::string::npos)
                return output{io_failure(EINVAL)};
            arguments_.waits = &wait_;
            wait_.request().work = &run;
            wait_.request().argument = this;
        }
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        return polled<output>{std::move(*answer_)};
    }
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<file_job>(to); }

private:
    static int run(void* of) noexcept {
        auto& self = *static_cast<file_job*>(of);
        try {
            self.answer_.emplace(self.work_(self.arguments_));
            return 0;
        } catch (const std::bad_alloc&) {
            return -ENOMEM;
        } catch (const std::length_error&) {
            return -ENOMEM;
        }
    }

    work work_;
    job_arguments arguments_;
    std::optional<output> answer_;
    file_wait wait_;  // Last: the job ends before what it uses.
};

}  // namespace bifilar::detail
