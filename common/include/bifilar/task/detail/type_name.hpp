// The name of a type as the compiler writes it, for people: what a task waits on.
// Taken from the name of a function template's instance, so it costs nothing at run time.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <source_location>
#include <string_view>

namespace bifilar::detail {

template <class T>
consteval std::string_view find_type_name() {
    // "... [with T = X; ...]" from GCC, "... [T = X]" from clang.
    constexpr std::string_view start = "T = ";
    std::string_view text = std::source_location::current().function_name();
    text.remove_prefix(text.find(start) + start.size());
    const std::size_t semicolon = text.find(';');
    return text.substr(0, semicolon != std::string_view::npos ? semicolon : text.rfind(']'));
}

template <class T>
inline constexpr std::string_view type_name = find_type_name<T>();

}  // namespace bifilar::detail
