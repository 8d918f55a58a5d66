// Plain shared memory for models: reading and writing it is checked for data races by vector clocks.
// Builds on model/hooks.hpp. A model puts its payload into cells, so that a missing acquire or release is a failure.
#pragma once

#include <model/hooks.hpp>

namespace model {

/// A non-atomic variable. Accesses are no choice points; unordered ones, and
/// those after its end, fail the execution.
template <class T>
class cell {
public:
    explicit cell(T value = T{}, const char* name = "cell") noexcept : value_(value), name_(name) {
        detail::plain_born(&value_);
    }
    ~cell() { detail::plain_gone(&value_, name_); }
    cell(const cell&) = delete;
    cell& operator=(const cell&) = delete;

    [[nodiscard]] T get() const noexcept {
        detail::plain_read(&value_, name_);
        return value_;
    }
    void set(T value) noexcept {
        detail::plain_write(&value_, name_);
        value_ = value;
    }

private:
    T value_;
    const char* name_;
};

}  // namespace model
