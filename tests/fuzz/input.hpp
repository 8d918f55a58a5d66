// The bytes of one run, as values that a target draws from them, and what a target says when it finds a fault.
// Values come from the front and the rest of the bytes stays as it is, so a small change of an input is a small change
// of the run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fuzz {

/// Ends the process where something is not as it must be: libFuzzer and ctest both take note of that.
inline void require(bool holds, const char* what) {
    if (holds) [[likely]]
        return;
    std::fprintf(stderr, "fuzz: %s\n", what);
    std::abort();
}

/// What is drawn behind the last byte is 0, or empty.
class input {
public:
    input(const std::uint8_t* bytes, std::size_t count) noexcept
        : left_{count == 0 ? "" : reinterpret_cast<const char*>(bytes), count} {}

    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }

    /// As many bytes as the type has, whatever they say.
    template <class T>
    [[nodiscard]] T any() noexcept {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        const std::size_t count = std::min(sizeof value, left_.size());
        std::copy_n(left_.data(), count, reinterpret_cast<char*>(&value));
        left_.remove_prefix(count);
        return value;
    }
    /// From 0 to `most` - 1; as few bytes as that takes.
    [[nodiscard]] std::size_t below(std::size_t most) noexcept {
        if (most <= 1) return 0;
        if (most <= 256) return any<std::uint8_t>() % most;
        if (most <= 65'536) return any<std::uint16_t>() % most;
        return any<std::uint64_t>() % most;
    }
    [[nodiscard]] bool flag() noexcept { return below(2) != 0; }
    /// Up to `most` bytes: their number comes first.
    [[nodiscard]] std::string_view text(std::size_t most) noexcept {
        const std::size_t wanted = below(most + 1);  // Alone, for it uses some of what is left.
        const std::size_t count = std::min(wanted, left_.size());
        const std::string_view drawn = left_.substr(0, count);
        left_.remove_prefix(count);
        return drawn;
    }
    /// All that is left.
    [[nodiscard]] std::string_view rest() noexcept { return std::exchange(left_, std::string_view{}); }

    /// Numbers at which code goes wrong come more often than others: a few around 0, powers of two, and the ends.
    template <class T>
    [[nodiscard]] T number() noexcept {
        static_assert(std::is_integral_v<T>);
        using limits = std::numeric_limits<T>;
        const std::size_t kind = below(8);
        const auto near = static_cast<T>(any<std::uint8_t>() % 5);
        switch (kind) {
            case 0:
                return near;
            case 1:
                return static_cast<T>(limits::max() - near);
            case 2:
                return static_cast<T>(limits::min() + near);
            case 3:
                return static_cast<T>((std::uint64_t{1} << below(static_cast<std::size_t>(limits::digits))) - 2U +
                                      static_cast<std::uint64_t>(near));
            case 4:
            case 5:
                return static_cast<T>(any<std::uint8_t>());
            default:
                return any<T>();
        }
    }

private:
    std::string_view left_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept { return std::as_bytes(std::span{text}); }
inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace fuzz

/// One run. A target defines it; libFuzzer calls it, and so does replay.cpp. It leaves nothing behind for the next run.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count);
