// A stack on which one thread of a model runs, switched by hand.
// Builds on Boost.Context's fcontext; tells AddressSanitizer about every switch. A stack may be abandoned in the
// middle of a function (a failed execution) and used again, which is why this is not boost::context::fiber.
#pragma once

#include <cstddef>
#include <memory>

namespace model {

/// One stack and where it stopped. Switching happens only between a strand and the context that resumed it.
class strand {
public:
    using entry = void (*)(void* argument);

    strand();
    ~strand();
    strand(const strand&) = delete;
    strand& operator=(const strand&) = delete;

    /// Forgets whatever ran on the stack, without unwinding it, and prepares `run(argument)`.
    void prepare(entry run, void* argument) noexcept;
    /// Runs the strand until it suspends or its entry returns. Not from a strand.
    void resume() noexcept;
    /// Goes back to resume(). Only on this strand.
    void suspend() noexcept;

private:
    std::unique_ptr<std::byte[]> stack_;
    void* context_ = nullptr;     // Where the strand stopped.
    void* resumer_ = nullptr;     // Where resume() stopped.
    void* fake_stack_ = nullptr;  // ASan's, of the strand.
    const void* resumer_bottom_ = nullptr;
    std::size_t resumer_bytes_ = 0;
    entry run_ = nullptr;
    void* argument_ = nullptr;
    bool ended_ = false;

    friend struct strand_switch;
};

}  // namespace model
