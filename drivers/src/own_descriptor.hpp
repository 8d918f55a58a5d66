// A descriptor that is closed unless it is given away. For code that blocks anyway.
#pragma once

#include <unistd.h>
#include <utility>

namespace bifilar::drivers {

class own_descriptor {
public:
    explicit own_descriptor(int descriptor) noexcept : descriptor_{descriptor} {}
    own_descriptor(own_descriptor&& other) noexcept : descriptor_{other.release()} {}
    own_descriptor& operator=(own_descriptor&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~own_descriptor() { reset(-1); }

    /// Negative: none.
    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }
    void reset(int descriptor) noexcept {
        if (descriptor_ >= 0) (void)::close(descriptor_);
        descriptor_ = descriptor;
    }

private:
    int descriptor_;
};

}  // namespace bifilar::drivers
