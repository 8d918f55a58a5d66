// Values of the load generators' options; builds on nothing of the library, which they do not use.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bifilar::experiments {

/// Throws std::invalid_argument with a text that names the value and the remedy.
[[noreturn]] inline void refuse(const std::string& text) { throw std::invalid_argument{text}; }

/// The value of the option `name`; refuses what is no number from `least` to `most`.
[[nodiscard]] inline double number(const std::string& name, const std::string& text, double least, double most) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        refuse(name + " is '" + text + "'; give a number from " + std::to_string(least) + " to " +
               std::to_string(most));
    return value;
}

}  // namespace bifilar::experiments
