// Many histories of one kind of object, each checked; and the number of them, which is larger by night.
#pragma once

#include "checker.hpp"
#include "play.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/sanitizer.hpp>

#include "catch.hpp"

#include <memory>
#include <string>

namespace linear {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
inline constexpr std::uint64_t by_day = 100;
#else
inline constexpr std::uint64_t by_day = 500;
#endif
inline constexpr std::uint64_t by_night = 10'000;

/// The first history, of so many, that no object which does one call after the other can have had; empty: none.
/// `make(number)` makes the object of a history; its `model()` says what it should be.
template <class Make>
std::string first_wrong_history(std::uint64_t count, std::uint64_t seed, Make make) {
    bf::runtime_options how;
    how.workers = 3;
    how.stack_bytes = std::size_t{64} << 10;
    bf::runtime rt{how};
    for (std::uint64_t number = 0; number < count; ++number) {
        const auto object = make(number);
        using object_type = std::remove_reference_t<decltype(*object)>;
        play<object_type> game{rt, *object, cast_of(number), seed + number * 104'729};
        const history is = game.take();
        const auto model = object->model();
        if (!is_linearizable(model, is)) return "history " + std::to_string(number) + "\n" + text_of(model, is);
    }
    return {};
}

template <class Make>
void check_histories(const char* test, std::uint64_t count, Make make) {
    const std::string wrong = first_wrong_history(count, tests::seed_of_this_run(test), make);
    INFO(wrong);
    CHECK(wrong.empty());
}

}  // namespace linear
