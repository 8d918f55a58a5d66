// What the C++ runtime keeps per thread about exceptions, for whoever lends a thread to somebody else's code.
// It builds on the Itanium C++ ABI alone.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstdint>
#include <cxxabi.h>

namespace bifilar::base {

/// Same layout as the ABI's __cxa_eh_globals: a list of caught exceptions and the number of those in flight.
struct exception_globals {
    void* caught = nullptr;
    unsigned int uncaught = 0;

    [[nodiscard]] bool any() const noexcept { return (reinterpret_cast<std::uintptr_t>(caught) | uncaught) != 0; }
};

/// The calling thread's.
[[nodiscard]] inline exception_globals& thread_exceptions() noexcept {
    return *reinterpret_cast<exception_globals*>(abi::__cxa_get_globals());
}

/// While it lives the thread has no exceptions: code that runs meanwhile does not see those that its caller handles.
class exceptions_aside {
public:
    exceptions_aside() noexcept : outer_{thread_exceptions()} { thread_exceptions() = {}; }
    exceptions_aside(const exceptions_aside&) = delete;
    exceptions_aside& operator=(const exceptions_aside&) = delete;
    ~exceptions_aside() { thread_exceptions() = outer_; }

private:
    exception_globals outer_;
};

}  // namespace bifilar::base
