// What a fiber waits for, as whoever describes its task asks it: lies in the frame that waits.
#pragma once

#include <bifilar/task/task_visitor.hpp>
#include <source_location>

namespace bifilar::stackful {

/// A future that a fiber waits for, without its type, and where the fiber waits.
class awaited {
public:
    using describe_function = void (*)(const void* future, task_visitor&) noexcept;

    template <class F>
    awaited(const F& future, const std::source_location& at) noexcept
        : future_{&future}, describe_{&describe_one<F>}, at_{at} {}
    /// Of what has no future.
    constexpr explicit awaited(describe_function describe) noexcept : future_{nullptr}, describe_{describe} {}
    awaited(const awaited&) = delete;
    awaited& operator=(const awaited&) = delete;

    void describe(task_visitor& to) const noexcept { describe_(future_, to); }
    [[nodiscard]] const std::source_location& at() const noexcept { return at_; }

private:
    template <class F>
    static void describe_one(const void* future, task_visitor& to) noexcept {
        describe_wait(*static_cast<const F*>(future), to);
    }

    const void* future_;
    describe_function describe_;
    std::source_location at_;
};

}  // namespace bifilar::stackful
