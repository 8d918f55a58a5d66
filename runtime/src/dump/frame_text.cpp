// A frame as a debugger writes it.
#include "frame_text.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace bifilar::dump {
namespace {

std::string where(const dumped_frame& frame) {
    std::string text = frame.function.empty() ? hex(frame.code) : frame.function;
    if (!frame.file.empty()) text += " at " + frame.file + ":" + std::to_string(frame.line);
    return text;
}

}  // namespace

std::string hex(std::uint64_t value) {
    char text[2 + 16 + 1];
    (void)std::snprintf(text, sizeof text, "0x%" PRIx64, value);
    return text;
}

std::string_view name_in(std::string_view function) noexcept {
    std::size_t begin = 0;
    int depth = 0;  // Of brackets, in which there may be spaces.
    for (std::size_t at = 0; at < function.size(); ++at) {
        const char letter = function[at];
        const std::string_view before = function.substr(begin, at - begin);
        // The arguments begin, unless it is "(anonymous namespace)"; and what follows "operator" is a part of the name.
        if (depth == 0 && letter == '(' && !before.empty() && !before.ends_with(':')) break;
        if (before.ends_with("operator")) break;
        if (letter == '<' || letter == '(' || letter == '{' || letter == '[') ++depth;
        if (letter == '>' || letter == ')' || letter == '}' || letter == ']') --depth;
        if (depth == 0 && letter == ' ') begin = at + 1;
    }
    return function.substr(begin);
}

bool is_own(const dumped_frame& frame) noexcept {
    const std::string_view name = name_in(frame.function);
    return name.starts_with("bifilar::") || name.starts_with("std::") || frame.file.starts_with("/usr/include/c++/");
}

std::string shortened(std::string_view type) {
    constexpr std::string_view channel = "channel_core<", gate = "gate_wait<";
    if (const std::size_t at = type.find(channel); at != std::string_view::npos)
        return "bifilar::channel" + std::string{type.substr(type.rfind("::"))};
    if (const std::size_t at = type.find(gate); at != std::string_view::npos && type.ends_with('>'))
        return std::string{type.substr(at + gate.size(), type.size() - at - gate.size() - 1)};
    return std::string{type};
}

void add_text(std::span<const dumped_frame> frames, std::string& to, const std::string& indent) {
    const bool all = std::ranges::all_of(frames, is_own);
    std::size_t number = 0;
    for (const dumped_frame& frame : frames)
        if (all || !is_own(frame))
            to.append(indent)
                .append("  #")
                .append(std::to_string(number++))
                .append("  ")
                .append(where(frame))
                .append("\n");
}

}  // namespace bifilar::dump
