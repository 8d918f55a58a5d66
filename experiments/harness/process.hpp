// What the kernel tells of a process under load: processor time, resident memory, open descriptors.
// Works since Linux 4.14 (smaps_rollup), for processes of the same user.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace bifilar::experiments {

/// The figure in kB behind `key` at the start of a line of `file`, in bytes. Throws std::runtime_error without one.
[[nodiscard]] std::int64_t bytes_after(const std::string& file, const std::string& key);

/// What its threads have run so far, in ns of processor time, those that have ended as well. By the process's clock,
/// which sums what their schedstats say in one call: to read those of 1,000 threads takes a hundred times as long.
[[nodiscard]] std::uint64_t processor_ns(pid_t process);

/// Rss of smaps_rollup, in bytes: exact, unlike that of status. Takes milliseconds when much is mapped.
[[nodiscard]] std::int64_t resident_bytes(pid_t process);

[[nodiscard]] std::size_t open_descriptors(pid_t process);

}  // namespace bifilar::experiments
