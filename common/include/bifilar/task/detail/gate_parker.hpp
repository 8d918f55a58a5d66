// A parker without a kernel interface: a thread that sleeps on a gate. For schedulers that do no I/O, and for tests.
#pragma once

#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/task/detail/parker.hpp>

namespace bifilar::detail {

class gate_parker final : public parker {
public:
    void park(base::instant_ns deadline) noexcept override {
        if (deadline == base::never)
            gate_.wait();
        else if (const base::instant_ns now = base::now_ns(); deadline > now)
            (void)gate_.wait_for(deadline - now);
    }
    void poll_some(std::uint32_t) noexcept override {}
    void unpark() noexcept override { gate_.open(); }

private:
    base::thread_gate gate_;
};

}  // namespace bifilar::detail
