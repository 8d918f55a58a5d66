// The command line of an example: pairs of an option and its value, and words. Throws std::invalid_argument, which says
// what to give instead.
#pragma once

#include <bifilar/bifilar.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

class options {
public:
    /// `words`: what the arguments that are no options are; empty where there are none.
    options(int count, char** arguments, std::string_view program, std::vector<std::string_view> known,
            std::string_view words = {}) {
        std::string usage{program};
        for (const std::string_view name : known) usage.append(" [").append(name).append(" VALUE]");
        if (!words.empty()) usage.append(" ").append(words);
        for (int at = 1; at < count; at += 2) {
            const std::string name = arguments[at];
            if (!words.empty() && !name.starts_with('-')) {
                words_.push_back(name);
                --at;
                continue;
            }
            if (name == "--help" || name == "-h") {
                std::puts(usage.c_str());
                std::exit(0);
            }
            if (std::find(known.begin(), known.end(), name) == known.end())
                throw std::invalid_argument{name + " is no option; use " + usage};
            if (at + 1 == count) throw std::invalid_argument{name + " needs a value"};
            values_[name] = arguments[at + 1];
        }
    }

    [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }
    [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const {
        return has(name) ? values_.at(name) : otherwise;
    }
    [[nodiscard]] std::uint32_t number(const std::string& name, std::uint32_t otherwise, std::uint32_t least,
                                       std::uint32_t most) const {
        if (!has(name)) return otherwise;
        const std::string& given = values_.at(name);
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
        if (error != std::errc{} || end != given.data() + given.size() || value < least || value > most)
            throw std::invalid_argument{name + " is '" + given + "'; give a number from " + std::to_string(least) +
                                        " to " + std::to_string(most)};
        return value;
    }
    [[nodiscard]] bifilar::backend backend() const {
        const auto on = bifilar::parse_backend(text("--backend", "stackless"));
        if (!on) throw std::invalid_argument{"--backend is '" + text("--backend", "") + "'; use stackless or stackful"};
        return *on;
    }
    [[nodiscard]] bifilar::driver_kind driver() const {
        const auto kind = bifilar::parse_driver(text("--driver", "best"));
        if (!kind) throw std::invalid_argument{"--driver is '" + text("--driver", "") + "'; use best, uring or epoll"};
        return *kind;
    }

private:
    std::vector<std::string> words_;
    std::map<std::string, std::string> values_;
};
