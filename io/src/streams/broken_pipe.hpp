// Keeps SIGPIPE from ending the process when a write finds no reader, so that EPIPE is a value.
// Linux has no MSG_NOSIGNAL for pipes, and masking the signal around each write would cost two system calls.
#pragma once

namespace bifilar::detail {

/// Once per process: where SIGPIPE has its default disposition, gives it a handler that does nothing. A handler and not
/// SIG_IGN, because the kernel resets handlers at exec: whatever the process starts, by whatever means, gets the
/// default back. A disposition that somebody else has chosen stays. Any thread; neither blocks nor allocates.
void survive_broken_pipes() noexcept;

}  // namespace bifilar::detail
