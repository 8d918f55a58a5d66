// What is to be started, put together; spawn.cpp starts it.
#include <bifilar/io/process/command.hpp>

#include <algorithm>
#include <string_view>
#include <unistd.h>

namespace bifilar {
namespace {

bool has_zero(const std::string& text) noexcept { return text.find('\0') != std::string::npos; }

}  // namespace

command& command::arg(std::string argument) {
    arguments_.push_back(std::move(argument));
    return *this;
}

command& command::env(std::string name, std::string value) {
    variables_.insert_or_assign(std::move(name), std::move(value));
    return *this;
}

command& command::env_remove(std::string name) {
    // Kept as a wish, because what is inherited is read at the start of the program.
    variables_.insert_or_assign(std::move(name), std::nullopt);
    return *this;
}

command& command::env_clear() noexcept {
    variables_.clear();
    inherits_environment_ = false;
    return *this;
}

command& command::directory(std::string path) {
    directory_ = std::move(path);
    return *this;
}

command& command::standard_input(stdio where) noexcept {
    streams_[STDIN_FILENO] = where;
    return *this;
}

command& command::standard_output(stdio where) noexcept {
    streams_[STDOUT_FILENO] = where;
    return *this;
}

command& command::standard_error(stdio where) noexcept {
    streams_[STDERR_FILENO] = where;
    return *this;
}

command& command::new_process_group(bool wanted) noexcept {
    new_process_group_ = wanted;
    return *this;
}

command& command::new_session(bool wanted) noexcept {
    new_session_ = wanted;
    return *this;
}

command& command::kill_on_drop(bool wanted) noexcept {
    kill_on_drop_ = wanted;
    return *this;
}

bool command::is_well_formed() const noexcept {
    // The system would read up to the first 0 byte, and start something else than was asked for.
    if (std::any_of(arguments_.begin(), arguments_.end(), has_zero)) return false;
    if (directory_ && has_zero(*directory_)) return false;
    return std::all_of(variables_.begin(), variables_.end(), [](const auto& variable) {
        const auto& [name, value] = variable;
        return !name.empty() && name.find('=') == std::string::npos && !has_zero(name) && !(value && has_zero(*value));
    });
}

std::vector<std::string> command::environment() const {
    std::vector<std::string> all;
    for (char** at = environ; inherits_environment_ && at != nullptr && *at != nullptr; ++at) {
        const std::string_view entry{*at};
        if (!variables_.contains(std::string{entry.substr(0, entry.find('='))})) all.emplace_back(entry);
    }
    for (const auto& [name, value] : variables_)
        if (value) all.push_back(name + '=' + *value);
    return all;
}

io_result<process> command::spawn() const {
    std::array<stdio, 3> streams{stdio::inherit(), stdio::inherit(), stdio::inherit()};
    for (std::size_t n = 0; n < streams.size(); ++n)
        if (streams_[n]) streams[n] = *streams_[n];
    return spawn_with(streams);
}

command_output command::output(const output_limits& limits) const { return command_output{*this, limits}; }

}  // namespace bifilar
