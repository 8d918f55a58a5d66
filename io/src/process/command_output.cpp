// Reads both outputs at once, because a program that fills one pipe waits there and writes no more into the other.
#include <bifilar/io/process/command_output.hpp>

#include <bifilar/io/process/command.hpp>

#include <algorithm>
#include <cerrno>

namespace bifilar {

class command_output::running {
    // Collects one stream to its end.
    class collector {
    public:
        collector(pipe_reader* from, std::size_t max_bytes) noexcept : from_{from}, max_bytes_{max_bytes} {}

        // Ready: the stream has ended.
        polled<io_result<void>> poll(context& cx) {
            while (from_ != nullptr) {
                if (!read_) start_read();
                polled<io_result<std::size_t>> answer = read_->poll(cx);
                if (!answer) return not_ready;
                const io_result<std::size_t> count = answer.take();
                read_.reset();
                if (!count) return io_result<void>{std::unexpected{count.error()}};
                bytes_ += *count;
                if (bytes_ > max_bytes_) return io_result<void>{io_failure(EMSGSIZE)};
                if (*count == 0) from_ = nullptr;
            }
            return io_result<void>{};
        }
        [[nodiscard]] bool poll_rest(context& cx) noexcept { return !read_ || read_->poll_cancel(cx).is_ready(); }

        [[nodiscard]] std::string take() {
            text_.resize(bytes_);
            return std::move(text_);
        }

    private:
        static constexpr std::size_t read_bytes = std::size_t{64} << 10;  // A pipe's capacity.

        void start_read() {
            // One byte above the limit shows that it is exceeded.
            const std::size_t left = max_bytes_ - bytes_;
            const std::size_t wanted = left < read_bytes ? left + 1 : read_bytes;
            if (text_.size() - bytes_ < wanted) text_.resize(std::max(bytes_ + wanted, text_.size() * 2));
            read_.emplace(from_->read(std::as_writable_bytes(std::span{text_}).subspan(bytes_, wanted)));
        }

        pipe_reader* from_;  // Null when the stream has ended.
        const std::size_t max_bytes_;
        std::string text_;
        std::size_t bytes_ = 0;  // Collected; the rest of the text is room for more.
        std::optional<stream_read_future> read_;
    };

public:
    running(process started, bool collects_output, bool collects_error, const output_limits& limits)
        : process_{std::move(started)},
          output_{collects_output ? &process_.standard_output() : nullptr, limits.standard_output_bytes},
          error_{collects_error ? &process_.standard_error() : nullptr, limits.standard_error_bytes},
          wait_{process_.wait()} {}

    polled<io_result<process_output>> poll(context& cx) {
        if (!failed_) {
            polled<io_result<process_output>> answer = poll_parts(cx);
            if (!failed_) return answer;
        }
        // One part has failed: the others are brought to rest before that is told.
        if (!poll_cancel(cx)) return not_ready;
        return io_result<process_output>{std::unexpected{*failed_}};
    }

    polled<void> poll_cancel(context& cx) noexcept {
        // All are asked before one is waited for.
        const bool output_rests = output_.poll_rest(cx);
        const bool error_rests = error_.poll_rest(cx);
        const bool wait_rests = wait_.poll_cancel(cx).is_ready();
        if (!output_rests || !error_rests || !wait_rests) return not_ready;
        return done;
    }

private:
    polled<io_result<process_output>> poll_parts(context& cx) {
        const bool output_ended = ends(output_.poll(cx));
        const bool error_ended = !failed_ && ends(error_.poll(cx));
        if (!output_ended || !error_ended) return not_ready;
        polled<io_result<exit_status>> ended = wait_.poll(cx);
        if (!ended) return not_ready;
        if (!*ended) {
            failed_ = (*ended).error();
            return not_ready;
        }
        return io_result<process_output>{std::in_place, **ended, output_.take(), error_.take()};
    }
    // Whether a stream has ended well.
    bool ends(polled<io_result<void>> answer) {
        if (!answer) return false;
        const io_result<void> end = answer.take();
        if (!end) failed_ = end.error();
        return end.has_value();
    }

    process process_;  // First: the operations on it end before.
    collector output_;
    collector error_;
    process::wait_future wait_;
    std::optional<std::error_code> failed_;  // What the answer will be.
};

command_output::command_output(const command& what, const output_limits& limits)
    : what_{std::make_unique<command>(what)}, limits_{limits} {}
command_output::command_output(command_output&&) noexcept = default;
command_output::~command_output() = default;

polled<io_result<process_output>> command_output::poll(context& cx) {
    if (running_ == nullptr) {
        std::array<stdio, 3> streams{stdio::null(), stdio::pipe(), stdio::pipe()};
        for (std::size_t n = 0; n < streams.size(); ++n)
            if (what_->streams_[n]) streams[n] = *what_->streams_[n];
        io_result<process> started = what_->spawn_with(streams);
        if (!started) return output{std::unexpected{started.error()}};
        const auto is_pipe = [&](std::size_t n) { return streams[n].what() == stdio::kind::pipe; };
        if (is_pipe(0)) started->standard_input().close();  // Nobody would write into it.
        running_ = std::make_unique<running>(std::move(*started), is_pipe(1), is_pipe(2), limits_);
    }
    return running_->poll(cx);
}

polled<void> command_output::poll_cancel(context& cx) noexcept {
    if (running_ == nullptr) return done;
    return running_->poll_cancel(cx);
}

}  // namespace bifilar
