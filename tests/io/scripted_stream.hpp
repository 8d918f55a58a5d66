// A stream in memory whose reads and writes do what a test has written down: pieces, waits, failures, and transfers
// that are completed behind the back of the future that gives them up.
#pragma once

#include "bytes.hpp"  // IWYU pragma: export
#include <bifilar/bifilar.hpp>
#include <bifilar/io/streams/byte_stream.hpp>
#include "catch.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>

namespace tests {

namespace bf = bifilar;

class scripted_stream {
public:
    enum class act : unsigned char {
        move,  ///< Reads give the text. Writes take as many bytes.
        wait,  ///< Not ready once.
        late,  ///< Never ready; when it is given up, it has moved its bytes all the same.
        fail,  ///< With the error; when it was `late`, see below.
        late_fail,
    };
    struct step {
        act what;
        std::string text;
        std::size_t bytes = 0;
        int error = 0;
    };

    scripted_stream& give(std::string text) { return read_step({act::move, std::move(text)}); }
    scripted_stream& give_late(std::string text) { return read_step({act::late, std::move(text)}); }
    scripted_stream& wait() { return read_step({act::wait, {}}); }
    scripted_stream& fail(int error) { return read_step({act::fail, {}, 0, error}); }
    scripted_stream& fail_late(int error) { return read_step({act::late_fail, {}, 0, error}); }
    scripted_stream& end() { return give({}); }

    scripted_stream& take(std::size_t bytes) { return write_step({act::move, {}, bytes}); }
    scripted_stream& take_late(std::size_t bytes) { return write_step({act::late, {}, bytes}); }
    scripted_stream& wait_to_write() { return write_step({act::wait, {}}); }
    scripted_stream& fail_to_write(int error) { return write_step({act::fail, {}, 0, error}); }

    class transfer {
    public:
        using output = bf::io_result<std::size_t>;

        transfer(scripted_stream& stream, std::deque<step>& script, std::byte* into, const std::byte* from,
                 std::size_t bytes)
            : stream_{&stream}, script_{&script}, into_{into}, from_{from}, bytes_{bytes} {}
        transfer(transfer&&) = default;
        transfer& operator=(transfer&&) = delete;
        ~transfer() { end(); }

        bf::polled<output> poll(bf::context& cx) {
            if (given_up_) FAIL("polled after it was given up");
            if (bytes_ == 0) return output{0};
            if (script_->empty()) {
                if (into_ != nullptr) return output{0};  // After the last piece: the end.
                return output{move(bytes_)};             // Writes take everything.
            }
            if (!started_) ++stream_->calls;
            started_ = true;
            step& next = script_->front();
            switch (next.what) {
                case act::move:
                    return output{advance(next)};
                case act::wait:
                    script_->pop_front();
                    cx.yield();
                    return bf::not_ready;
                case act::late:
                case act::late_fail:
                    (void)cx.borrow();
                    is_late_ = true;
                    return bf::not_ready;
                case act::fail: {
                    const int error = next.error;
                    script_->pop_front();
                    return output{bf::io_failure(error)};
                }
            }
            return bf::not_ready;
        }
        bf::polled<void> poll_cancel(bf::context&) noexcept {
            end();
            return bf::done;
        }
        void end() noexcept {
            given_up_ = true;
            if (!std::exchange(is_late_, false)) return;
            if (script_->front().what == act::late_fail) {
                late_.emplace(bf::io_failure(script_->front().error));
                script_->pop_front();
            } else {
                late_.emplace(advance(script_->front()));
            }
        }
        [[nodiscard]] std::optional<output> finished() const noexcept { return late_; }

    private:
        // What is left of a step stays for the next call.
        std::size_t advance(step& next) {
            const std::size_t count = std::min(into_ != nullptr ? next.text.size() : next.bytes, bytes_);
            if (into_ != nullptr) std::memcpy(into_, next.text.data(), count);
            if (from_ != nullptr) move(count);
            into_ != nullptr ? void(next.text.erase(0, count)) : void(next.bytes -= count);
            if (next.text.empty() && next.bytes == 0)
                script_->pop_front();
            else
                next.what = act::move;
            return count;
        }
        std::size_t move(std::size_t count) {
            stream_->written += text_of({from_, count});
            return count;
        }

        scripted_stream* stream_;
        std::deque<step>* script_;
        std::byte* into_;
        const std::byte* from_;
        std::size_t bytes_;
        std::optional<output> late_;
        bool started_ = false;
        bool is_late_ = false;
        bool given_up_ = false;
    };

    transfer read(std::span<std::byte> into) {
        reads.push_back(into.size());
        return {*this, to_read_, into.data(), nullptr, into.size()};
    }
    transfer write(std::span<const std::byte> from) {
        writes.push_back(from.size());
        return {*this, to_write_, nullptr, from.data(), from.size()};
    }
    transfer write_all(std::span<const std::byte> from) { return write(from); }

    bf::io_result<void> shutdown_write() {
        ++shutdowns;
        if (shutdown_error != 0) return bf::io_failure(shutdown_error);
        return {};
    }

    std::string written;
    std::vector<std::size_t> reads;   ///< The sizes that were asked for.
    std::vector<std::size_t> writes;  ///< Likewise.
    int calls = 0;
    int shutdowns = 0;
    int shutdown_error = 0;

private:
    scripted_stream& read_step(step next) {
        to_read_.push_back(std::move(next));
        return *this;
    }
    scripted_stream& write_step(step next) {
        to_write_.push_back(std::move(next));
        return *this;
    }

    std::deque<step> to_read_;
    std::deque<step> to_write_;
};

static_assert(bf::byte_stream<scripted_stream> && bf::half_closing<scripted_stream>);
static_assert(bf::accountable_transfer<scripted_stream::transfer>);

}  // namespace tests
