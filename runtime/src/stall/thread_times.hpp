// What the kernel says of a thread of this process: how long it had no processor, and whether it sleeps.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <optional>
#include <sys/types.h>

namespace bifilar::stall {

/// How long it has waited for a processor since it began, as of the moment when it last got one; empty where the kernel
/// does not tell it.
[[nodiscard]] std::optional<base::instant_ns> waited_for_processor(pid_t thread) noexcept;

/// Whether it waits for something else than a processor. False when nobody knows.
[[nodiscard]] bool is_blocked(pid_t thread) noexcept;

}  // namespace bifilar::stall
