// Frames for people.
#pragma once

#include <bifilar/runtime/dump.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bifilar::dump {

/// An address, with 0x. Throws std::bad_alloc, as all here.
[[nodiscard]] std::string hex(std::uint64_t value);

/// A function's name without the type that comes before it, which demangled names of templates have.
[[nodiscard]] std::string_view name_in(std::string_view function) noexcept;

/// Of the library or its standard one: hidden, because the program's own frames say where a task stands.
[[nodiscard]] bool is_own(const dumped_frame& frame) noexcept;

/// The type of a future as its user knows it.
[[nodiscard]] std::string shortened(std::string_view type);

/// A numbered line each, without those of the library, unless there are no others.
void add_text(std::span<const dumped_frame> frames, std::string& to, const std::string& indent);

}  // namespace bifilar::dump
