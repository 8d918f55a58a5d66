// A worker's latest events, for whoever wants a trace.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/record_ring.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bifilar::sched {

/// How an event names the model of a task.
struct trace_model {
    char letter;
    std::string_view name;
};
inline constexpr trace_model trace_models[] = {{'c', "coroutine"}, {'f', "fiber"}, {'u', "future"}, {'l', "call"}};

/// One event as it is kept: 64 bytes.
struct trace_record {
    enum class kind : std::uint8_t {
        begin,  ///< A task runs for the first time here or anywhere: `other` is its parent, `text` its name.
        turn,   ///< A task has run; `other` has woken it.
        last,   ///< The same, and it has ended.
        sleep,  ///< The worker has slept.
        span,   ///< A span of the program's own has ended; `text` is its name.
    };
    static constexpr std::size_t max_text = 24;

    kind what = kind::turn;
    std::uint8_t text_bytes = 0;
    /// Of begin: one of trace_models; 0: another one.
    char model = 0;
    std::array<char, 5> unused{};  // Named, so that all 64 bytes are written.
    base::instant_ns from_ns = 0;       ///< Of begin: when it was spawned.
    base::instant_ns to_ns = 0;         ///< Of begin: when it ran first.
    std::uint64_t task = 0;             ///< A task_number; 0: none.
    std::uint64_t other = 0;            ///< Likewise.
    std::array<char, max_text> more{};  ///< A text, or a moment.

    [[nodiscard]] std::string_view text() const noexcept { return {more.data(), text_bytes}; }
    /// Up to the last whole character of UTF-8 for which there is room.
    void set_text(std::string_view text) noexcept {
        std::size_t bytes = std::min(text.size(), max_text);
        if (bytes != text.size())
            while (bytes != 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
        text_bytes = static_cast<std::uint8_t>(bytes);
        std::memcpy(more.data(), text.data(), bytes);
    }
    /// Of turn and last: since when the task was ready.
    [[nodiscard]] base::instant_ns woken_ns() const noexcept {
        base::instant_ns moment = 0;
        std::memcpy(&moment, more.data(), sizeof moment);
        return moment;
    }
    void set_woken(base::instant_ns moment) noexcept { std::memcpy(more.data(), &moment, sizeof moment); }
};
static_assert(sizeof(trace_record) == 64, "a cache line");

/// Its owner writes, any thread reads.
class trace_ring final : public base::record_ring<trace_record> {
public:
    using record_ring::record_ring;
};

}  // namespace bifilar::sched
