// How a task is to run: an ordinary value, chosen at run time.
#pragma once

#include <bifilar/task/detail/task_label.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

namespace bifilar {

/// The two models of a task.
enum class backend : unsigned char {
    stackless,  ///< A polled future or a coroutine: a few hundred bytes, runs on the worker's stack.
    stackful,   ///< A fiber: a stack of its own, may suspend at any depth.
};

/// "stackless" or "stackful", for command lines. Empty for anything else.
[[nodiscard]] constexpr std::optional<backend> parse_backend(std::string_view name) noexcept {
    if (name == "stackless") return backend::stackless;
    if (name == "stackful") return backend::stackful;
    return std::nullopt;
}

/// The name that parse_backend knows.
[[nodiscard]] constexpr std::string_view to_string(backend on) noexcept {
    return on == backend::stackful ? "stackful" : "stackless";
}

struct spawn_options {
    /// What the task is made of.
    backend on = backend::stackless;
    /// Usable bytes of a fiber's stack, rounded up to a power of two; 0: the runtime's default. 8 KiB to 1 GiB.
    std::size_t stack_bytes = 0;
    /// The fiber may continue on another worker after a suspension. Only for code that keeps no thread-local, errno
    /// included, across one: compilers cache their addresses.
    bool migratable = false;
    /// The task begins with the values of inherited task_local keys and under the deadline in force. False for a task
    /// that has nothing to do with what its spawner works on.
    bool inherit_locals = true;
    /// What the task is called in messages: any text. A name costs an entry in a table. Where it was given is noted
    /// with it.
    detail::task_label name = {};
    /// The worker on which it runs first, from 0 on: for tasks that are to be spread, one for each worker. A fiber that
    /// is not migratable stays there; other tasks may be taken by idle workers later. Unset: the spawner's, or any.
    std::optional<std::uint32_t> worker = std::nullopt;
};

}  // namespace bifilar
