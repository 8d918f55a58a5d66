// A descriptor that somebody has to close, with its owner known.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <unistd.h>
#include <utility>

namespace bifilar {

/// Move-only; closes in its destructor. -1 stands for none.
/// Thread: any, one at a time.
class owned_descriptor {
public:
    constexpr owned_descriptor() noexcept = default;
    /// Takes over an open descriptor. What is negative is none, and is kept, as the errno of a failed call may be.
    explicit owned_descriptor(int descriptor) noexcept : descriptor_{descriptor} {}
    owned_descriptor(const owned_descriptor&) = delete;  // A descriptor has one owner: std::move it.
    owned_descriptor(owned_descriptor&& other) noexcept : descriptor_{other.release()} {}
    owned_descriptor& operator=(owned_descriptor&& other) noexcept {
        owned_descriptor moved{std::move(other)};
        std::swap(descriptor_, moved.descriptor_);
        return *this;
    }
    ~owned_descriptor() { reset(); }

    /// Stays owned. Negative: there is none.
    [[nodiscard]] int get() const noexcept { return descriptor_; }
    /// The caller closes it from now on.
    [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }
    /// Whether there is a descriptor.
    explicit operator bool() const noexcept { return descriptor_ >= 0; }
    /// Closes now. Never tried again on a failure: Linux has freed the number by then.
    void reset() noexcept {
        const int closes = release();
        if (closes >= 0) ::close(closes);
    }

private:
    int descriptor_ = -1;
};

}  // namespace bifilar
