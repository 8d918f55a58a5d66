// The wait for readability by itself, as ctrl_c uses it, as a future.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>

namespace tests {

class readable {
public:
    using output = bifilar::io_result<int>;
    explicit readable(bifilar::drivers::io_source& of) : wait_{bifilar::op_kind::poll_in, of} {}
    bifilar::polled<output> poll(bifilar::context& cx) {
        const bifilar::drivers::call_result result = wait_.poll(cx);
        if (!result) return bifilar::not_ready;
        if (*result < 0) return output{bifilar::io_failure(-*result)};
        return output{*result};
    }
    bifilar::polled<void> poll_cancel(bifilar::context& cx) noexcept { return wait_.poll_rest(cx); }

private:
    bifilar::drivers::io_wait wait_;
};

}  // namespace tests
