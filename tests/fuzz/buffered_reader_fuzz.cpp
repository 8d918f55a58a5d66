// buffered_reader over a stream that gives its bytes in drawn portions, late, or with failures in between, against the
// whole text: the answers follow from the bytes alone, and whatever is given up, none of them is lost.
#include "hand_task.hpp"

#include <bifilar/io/streams/buffered_reader.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace fuzz;

// What decides about its reads is drawn when they are polled.
class drawn_stream {
public:
    drawn_stream(input& from, std::string_view text) : in_{&from}, text_{text} {}

    class transfer {
    public:
        using output = bf::io_result<std::size_t>;

        transfer(drawn_stream& of, std::span<std::byte> into) : of_{&of}, into_{into} {}
        // What was moved from decides about nothing.
        transfer(transfer&& other) noexcept
            : of_{other.of_}, into_{other.into_}, late_{other.late_}, over_{std::exchange(other.over_, true)} {}
        transfer& operator=(transfer&&) = delete;
        ~transfer() { end(); }

        bf::polled<output> poll(bf::context& cx) {
            require(!over_, "a read was polled behind its end");
            const std::size_t what = of_->in_->below(8);
            // Without bytes to draw from it goes on, so that a run ends.
            if (what == 1) {
                cx.yield();
                return bf::not_ready;
            }
            over_ = true;
            return what == 2 ? output{fail()} : output{move()};
        }
        bf::polled<void> poll_cancel(bf::context&) noexcept {
            end();
            return bf::done;
        }
        // Another hand may have moved something, or have failed, although no poll has said so.
        void end() noexcept {
            if (std::exchange(over_, true)) return;
            const std::size_t what = of_->in_->below(4);
            if (what == 1) late_.emplace(move());
            if (what == 2) late_.emplace(fail());
        }
        [[nodiscard]] std::optional<output> finished() const noexcept { return late_; }

    private:
        std::size_t move() noexcept {
            std::string_view& left = of_->text_;
            const std::size_t most = std::min(into_.size(), left.size());
            const std::size_t count = most == 0 ? 0 : 1 + of_->in_->below(most);
            std::copy_n(bytes_of(left).begin(), count, into_.begin());
            left.remove_prefix(count);
            return count;
        }
        output fail() noexcept {
            ++of_->failures;
            return bf::io_failure(EIO);
        }

        drawn_stream* of_;
        std::span<std::byte> into_;
        std::optional<output> late_;
        bool over_ = false;
    };

    transfer read(std::span<std::byte> into) { return {*this, into}; }

    int failures = 0;  // That were told or will be.

private:
    input* in_;
    std::string_view text_;
};

using reader = bf::buffered_reader<drawn_stream&>;

class scene {
public:
    scene(input& from, std::string text)
        : in_{from}, text_{std::move(text)}, stream_{from, text_}, reader_{stream_, 1 + from.below(40)} {}

    void step() {
        switch (in_.below(6)) {
            case 0:
                return read();
            case 1:
                return read_exact();
            case 2:
                return read_line();
            case 3:
            case 4:
                return read_until();
            default:
                return fill();
        }
    }

private:
    [[nodiscard]] std::string_view rest() const { return std::string_view{text_}.substr(at_); }

    // The answer, or nothing where the future was given up, or has told of a failure of the stream's.
    template <class F>
    std::optional<bf::output_of<F>> answer(F future) {
        for (;;) {
            auto got = task_.poll(future);
            if (got) {
                auto is = got.take();
                if (is || is.error() != std::errc::io_error) return is;
                require(--stream_.failures >= 0, "a failure was told twice");
                return std::nullopt;
            }
            if (in_.below(4) == 1) return std::nullopt;
        }
    }

    void read() {
        std::vector<std::byte> into(in_.below(100));
        const auto got = answer(reader_.read(into));
        if (!got) return;
        const std::size_t count = got->value();
        require(count <= into.size(), "a read gives more than there is room for");
        require(count != 0 || into.empty() || rest().empty(), "a read gives nothing before the end");
        used(text_of(into).substr(0, count));
    }
    void read_exact() {
        std::vector<std::byte> into(in_.below(100));
        const auto got = answer(reader_.read_exact(into));
        if (!got) return;
        if (!*got) {
            require(got->error().value() == ENODATA && rest().size() < into.size(), "an exact read fails without need");
            return;
        }
        require(**got == into.size(), "an exact read gives another number of bytes");
        used(text_of(into));
    }
    void read_line() {
        const std::size_t limit = in_.below(60);
        const auto got = answer(reader_.read_line(limit));
        if (!got) return;
        const std::size_t end = rest().find('\n');
        std::string_view line = rest().substr(0, end);
        if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
        item(*got, line, end == std::string_view::npos ? rest().size() : end + 1, line.size() > limit);
    }
    void read_until() {
        const std::size_t limit = in_.below(60);
        const std::string mark = in_.flag() ? std::string(1, in_.any<char>()) : "a" + std::string{in_.text(3)};
        const auto got = answer(reader_.read_until(mark, limit));
        if (!got) return;
        const std::size_t end = rest().find(mark);
        const bool has_end = end != std::string_view::npos;
        const std::string_view found = rest().substr(0, has_end ? end + mark.size() : end);
        item(*got, found, found.size(), (has_end ? end : found.size()) > limit);
    }
    // What an item must be; `bytes`: what it takes from the stream.
    void item(const bf::io_result<std::optional<std::string>>& got, std::string_view is, std::size_t bytes,
              bool too_long) {
        if (too_long)
            return require(!got && got.error().value() == EMSGSIZE, "an item beyond its limit was not refused");
        require(got.has_value(), "an item within its limit was refused");
        if (rest().empty()) return require(!*got, "an item came behind the end");
        require(*got && **got == is, "an item is another than the bytes say");
        at_ += bytes;
    }
    void fill() {
        const std::size_t at_least = in_.below(100);
        const auto got = answer(reader_.fill(at_least));
        if (got) {
            const std::string_view shown = text_of(got->value());
            require(rest().starts_with(shown), "what is shown is not what comes next");
            require(shown.size() >= std::min(at_least, rest().size()), "less is shown than was asked for");
        }
        const std::string_view there = text_of(reader_.buffered());
        require(rest().starts_with(there), "the buffer has not what comes next");
        const std::size_t count = in_.below(there.size() + 1);
        reader_.consume(count);
        at_ += count;
    }
    void used(std::string_view bytes) {
        require(rest().starts_with(bytes), "a read gives other bytes than come next");
        at_ += bytes.size();
    }

    input& in_;
    const std::string text_;
    drawn_stream stream_;
    reader reader_;
    hand_task task_;
    std::size_t at_ = 0;  // How much of the text was given out.
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    std::string text{in.text(250)};
    scene all{in, std::move(text)};
    for (int steps = 0; !in.empty() && steps < 200; ++steps) all.step();
    return 0;
}
