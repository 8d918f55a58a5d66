// Hardware counters where the machine has them: cycles, instructions, cache misses, of the calling thread.
// Built on perf_event_open. Many virtual machines have none; then available() says why.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace bifilar::experiments {

class counters {
public:
    enum kind : std::size_t { cycles, instructions, cache_misses, kinds };

    /// Opens what can be opened. Does not throw.
    counters();
    counters(const counters&) = delete;
    counters& operator=(const counters&) = delete;
    ~counters();

    [[nodiscard]] bool available() const noexcept { return files_[cycles] >= 0; }
    /// Empty when available, else one sentence.
    [[nodiscard]] const std::string& absence() const noexcept { return absence_; }
    /// Totals since construction; zeros when not available.
    [[nodiscard]] std::array<std::uint64_t, kinds> read() const noexcept;

private:
    std::array<int, kinds> files_;
    std::string absence_;
};

}  // namespace bifilar::experiments
