// Work in a forked child, with memory that both see, so that a crash or a hang is an answer like any other.
#pragma once

#include "run.hpp"

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace bifilar::simulation {

/// What a child tells. Zero at first.
struct told {
    // Written by the child, read by the parent meanwhile, to see that it goes on.
    base::atomic<std::uint64_t> seed;
    std::uint64_t seeds;
    std::uint64_t turns;
    std::uint64_t decisions;
    std::int64_t time_ns;
    bool failed;
    std::array<char, 4000> failure;
    std::array<base::decision, max_decisions> record;  // Ends with a value of 0, or is full.

    void say(const report& what) noexcept;
    /// What the record has.
    [[nodiscard]] std::vector<base::decision> noted() const;
};

class child {
public:
    using work = std::function<void(told&)>;

    /// Throws std::system_error where there is no memory for `told`.
    child();
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    /// Ends it.
    ~child();

    /// Forks and calls work there; `silent`: what it prints is nobody's business. Throws std::system_error.
    void start(const work& what, bool silent);
    /// Readable when the child has ended.
    [[nodiscard]] int descriptor() const noexcept { return alive_.get(); }
    /// Waits until it has ended, or no seed has ended for `patience`: then ends it.
    void wait(std::chrono::milliseconds patience);
    /// Of one that has ended: its failure; empty: none.
    [[nodiscard]] std::string failure() const;
    /// Whether it was ended because no seed had ended.
    [[nodiscard]] bool hung() const noexcept { return hung_; }
    [[nodiscard]] const told& says() const noexcept { return *page_; }
    void end() noexcept;

private:
    struct unmap {
        void operator()(told* page) const noexcept;
    };

    [[noreturn]] void run(const work& what, bool silent) noexcept;
    void reap() noexcept;

    std::unique_ptr<told, unmap> page_;
    pid_t process_ = -1;
    owned_descriptor alive_;  // The reading end of a pipe whose other end the child has.
    int status_ = 0;          // Of waitpid(2).
    bool hung_ = false;
};

}  // namespace bifilar::simulation
