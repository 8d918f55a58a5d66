// Variables of the environment that a test changes, and that later tests of the process find as they were.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace tests {

/// Has that value, or none with std::nullopt, from its construction to its destruction. No other thread may read the
/// environment when it changes.
class environment_variable {
public:
    environment_variable(const char* name, const std::optional<std::string>& value) : name_{name} {
        if (const char* const former = std::getenv(name)) former_ = former;
        become(value);
    }
    environment_variable(const environment_variable&) = delete;
    environment_variable& operator=(const environment_variable&) = delete;
    ~environment_variable() { become(former_); }

private:
    void become(const std::optional<std::string>& value) {
        if (value)
            ::setenv(name_.c_str(), value->c_str(), 1);
        else
            ::unsetenv(name_.c_str());
    }

    std::string name_;
    std::optional<std::string> former_;
};

}  // namespace tests
