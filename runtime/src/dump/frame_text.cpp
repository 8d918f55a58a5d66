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

bool is_own(const dumped_frame& frame) noexcept {
    return frame.function.starts_with("bifilar::") || frame.function.starts_with("std::") ||
           frame.file.starts_with("/usr/include/c++/");
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
