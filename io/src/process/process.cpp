// A running program: its end, and its streams.
#include <bifilar/io/process/process.hpp>

#include <bifilar/base/detail/assert.hpp>

namespace bifilar {

detail::child& process::alive() const noexcept {
    BIFILAR_CHECK(child_ != nullptr, "a process was used after it was moved from");
    return *child_;
}

pipe_writer& process::standard_input() noexcept {
    BIFILAR_CHECK(input_.has_value(),
                  "the process's standard input is no pipe; give stdio::pipe() to command::standard_input");
    return *input_;
}

pipe_reader& process::standard_output() noexcept {
    BIFILAR_CHECK(output_.has_value(),
                  "the process's standard output is no pipe; give stdio::pipe() to command::standard_output");
    return *output_;
}

pipe_reader& process::standard_error() noexcept {
    BIFILAR_CHECK(error_.has_value(),
                  "the process's standard error is no pipe; give stdio::pipe() to command::standard_error");
    return *error_;
}

polled<io_result<exit_status>> process::wait_future::poll(context& cx) {
    for (;;) {
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        // Empty where a tracer is told first, see child_reaper::serve.
        const io_result<std::optional<exit_status>> ended = of_->reap();
        if (!ended) return output{std::unexpected{ended.error()}};
        if (*ended) return output{**ended};
    }
}

}  // namespace bifilar
