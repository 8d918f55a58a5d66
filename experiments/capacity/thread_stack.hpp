// The stack of the calling thread, as the threads library tells it.
// The guard below it is not part of it.
#pragma once

#include <pthread.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

namespace bifilar::experiments {

class thread_stack {
public:
    /// Of the calling thread. Throws std::system_error.
    thread_stack() {
        pthread_attr_t attributes;
        if (const int error = pthread_getattr_np(pthread_self(), &attributes); error != 0)
            throw std::system_error{error, std::generic_category(), "pthread_getattr_np"};
        void* low = nullptr;
        pthread_attr_getstack(&attributes, &low, &bytes_);
        pthread_attr_destroy(&attributes);
        low_ = static_cast<std::byte*>(low);
    }

    [[nodiscard]] const std::byte* low() const noexcept { return low_; }
    /// Of address space.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    std::byte* low_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace bifilar::experiments
