// The futures of a buffered reader. Given up at any moment, by a timeout, a race or their destructor, none of them
// loses a byte: what the stream gave goes into the reader's buffer.
#pragma once

#include <bifilar/io/streams/detail/delimiter.hpp>
#include <bifilar/io/streams/detail/reader_call.hpp>
#include <cerrno>
#include <string>

namespace bifilar {

/// Ready with how many bytes were read; 0: the stream has ended, or the buffer is empty.
template <byte_reader Stream>
class [[nodiscard]] buffered_read_future {
public:
    using output = io_result<std::size_t>;

    buffered_read_future(detail::reader_state<Stream>& reader, std::span<std::byte> into) noexcept
        : call_{reader}, into_{into} {}

    polled<output> poll(context& cx) {
        detail::byte_buffer& buffer = call_.buffer();
        if (buffer.empty() && !into_.empty()) {
            // A large read need not be copied.
            const bool is_past = into_.size() >= buffer.capacity();
            polled<output> answer = is_past ? call_.poll_past(cx, into_, 0) : call_.poll_more(cx, 0);
            if (!answer) return not_ready;
            const output count = answer.take();
            if (is_past || !count || *count == 0) return count;
        } else if (!call_.may_answer(cx)) {
            return not_ready;
        }
        return output{buffer.take(into_)};
    }
    polled<void> poll_cancel(context& cx) noexcept { return call_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe_wait(to); }

private:
    detail::reader_call<Stream> call_;
    std::span<std::byte> into_;
};

/// Ready when the buffer is full.
template <byte_reader Stream>
class [[nodiscard]] buffered_read_exact_future {
public:
    using output = io_result<std::size_t>;

    buffered_read_exact_future(detail::reader_state<Stream>& reader, std::span<std::byte> into) noexcept
        : call_{reader}, into_{into} {}

    polled<output> poll(context& cx) {
        return into_.size() > call_.buffer().capacity() ? poll_large(cx) : poll_small(cx);
    }
    polled<void> poll_cancel(context& cx) noexcept { return call_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe_wait(to); }

private:
    // Collects it in the buffer, where it is safe.
    polled<output> poll_small(context& cx) {
        detail::byte_buffer& buffer = call_.buffer();
        while (buffer.size() < into_.size()) {
            polled<output> answer = call_.poll_more(cx, into_.size());
            if (!answer) return not_ready;
            const output count = answer.take();
            if (!count) return count;
            if (*count == 0) return output{io_failure(ENODATA)};
        }
        if (!call_.may_answer(cx)) return not_ready;
        return output{buffer.take(into_)};
    }

    // What the buffer has, and the rest past it.
    polled<output> poll_large(context& cx) {
        detail::byte_buffer& buffer = call_.buffer();
        if (buffer.size() >= into_.size()) return poll_small(cx);
        if (!buffer.empty()) filled_ += buffer.take(into_);
        while (filled_ < into_.size()) {
            polled<output> answer = call_.poll_past(cx, into_, filled_);
            if (!answer) return not_ready;
            output count = answer.take();
            if (count && *count == 0) count = io_failure(ENODATA);
            if (!count) {
                buffer.put_back(into_.first(filled_));
                return count;
            }
            filled_ += *count;
        }
        return output{filled_};
    }

    detail::reader_call<Stream> call_;
    std::span<std::byte> into_;
    std::size_t filled_ = 0;
};

/// Ready with an item up to the mark that ends it. Empty: the stream has ended.
template <byte_reader Stream>
class [[nodiscard]] buffered_read_until_future {
public:
    using output = io_result<std::optional<std::string>>;

    buffered_read_until_future(detail::reader_state<Stream>& reader, detail::delimiter end)
        : call_{reader}, end_{std::move(end)} {}

    polled<output> poll(context& cx) {
        detail::byte_buffer& buffer = call_.buffer();
        for (;;) {
            const detail::delimiter::found found = end_.find(buffer.content());
            if (found.state != detail::delimiter::search::more) {
                if (!call_.may_answer(cx)) return not_ready;
                return output{taken(found)};
            }
            polled<io_result<std::size_t>> answer = call_.poll_more(cx, 0);
            if (!answer) return not_ready;
            const io_result<std::size_t> count = answer.take();
            if (!count) return output{std::unexpected{count.error()}};
            if (*count == 0) return output{last()};
        }
    }
    polled<void> poll_cancel(context& cx) noexcept { return call_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe_wait(to); }

private:
    output taken(const detail::delimiter::found& found) {
        if (found.state == detail::delimiter::search::too_long) return io_failure(EMSGSIZE);
        std::optional<std::string> item{std::in_place, text(found.bytes)};
        call_.buffer().consume(found.used);
        return output{std::move(item)};
    }

    // What came before the end of the stream, without a mark behind it.
    output last() {
        const std::size_t bytes = call_.buffer().size();
        if (bytes == 0) return output{std::nullopt};
        call_.end_again();
        if (bytes > end_.limit()) return io_failure(EMSGSIZE);
        std::optional<std::string> item{std::in_place, text(bytes)};
        call_.buffer().consume(bytes);
        return output{std::move(item)};
    }

    [[nodiscard]] std::string text(std::size_t bytes) const {
        return std::string{reinterpret_cast<const char*>(call_.buffer().content().data()), bytes};
    }

    detail::reader_call<Stream> call_;
    detail::delimiter end_;
};

/// Ready with what the buffer has; see buffered_reader::fill.
template <byte_reader Stream>
class [[nodiscard]] buffered_fill_future {
public:
    using output = io_result<std::span<const std::byte>>;

    buffered_fill_future(detail::reader_state<Stream>& reader, std::size_t at_least) noexcept
        : call_{reader}, at_least_{at_least} {}

    polled<output> poll(context& cx) {
        detail::byte_buffer& buffer = call_.buffer();
        while (buffer.size() < at_least_) {
            polled<io_result<std::size_t>> answer = call_.poll_more(cx, at_least_);
            if (!answer) return not_ready;
            const io_result<std::size_t> count = answer.take();
            if (!count) return output{std::unexpected{count.error()}};
            if (*count != 0) continue;
            if (!buffer.empty()) call_.end_again();
            return output{buffer.content()};
        }
        if (!call_.may_answer(cx)) return not_ready;
        return output{buffer.content()};
    }
    polled<void> poll_cancel(context& cx) noexcept { return call_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe_wait(to); }

private:
    detail::reader_call<Stream> call_;
    std::size_t at_least_;
};

}  // namespace bifilar
