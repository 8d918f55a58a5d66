// The Redis protocol, as far as a server needs it: commands in, answers out. No input or output of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

/// The words of one command. They point into the bytes that were parsed.
using command = std::vector<std::string_view>;

enum class parsed : unsigned char { complete, incomplete, broken };

/// Reads one command from the front of `from`, as an array of strings or as a line of words, and says how many bytes
/// it took. Incomplete: nothing was taken, more must come. Broken: the connection is to be closed.
[[nodiscard]] parsed parse(std::string_view from, command& into, std::size_t& taken);

void add_simple(std::string& to, std::string_view text);
void add_error(std::string& to, std::string_view text);
void add_number(std::string& to, std::int64_t value);
void add_string(std::string& to, std::string_view value);
void add_nothing(std::string& to);
void add_array(std::string& to, std::size_t count);

}  // namespace kv
