// The options and plans of a simulated kernel: what is refused, and, with what is taken, that bytes get through a pair
// of sockets whole whatever the kernel decides.
#include "input.hpp"

#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/simulated/simulated_kernel.hpp>

#include <cerrno>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>

namespace {

using namespace fuzz;
namespace bf = bifilar;

bool is_share(double value) { return value >= 0 && value <= 1; }

double share(input& in) {
    switch (in.below(8)) {
        case 0:
            return in.any<double>();
        case 1:
            return 1;
        case 2:
            return 0;
        default:
            return static_cast<double>(in.below(256)) / 255;
    }
}

bf::simulated_kernel_options options(input& in) {
    bf::simulated_kernel_options made;
    made.seed = in.any<std::uint64_t>();
    made.least_delay = std::chrono::nanoseconds{in.flag() ? 0 : in.number<std::int64_t>()};
    made.max_delay = std::chrono::nanoseconds{in.flag() ? made.least_delay.count() : in.number<std::int64_t>()};
    for (double* const each :
         {&made.would_wait, &made.short_transfers, &made.interrupts, &made.late_cancels, &made.cancelled_successes})
        *each = share(in);
    made.least_cut_bytes = in.flag() ? 1 : in.number<std::size_t>();
    made.reorder = in.flag();
    return made;
}

bool is_good(const bf::simulated_kernel_options& of) {
    return is_share(of.would_wait) && is_share(of.short_transfers) && is_share(of.interrupts) && of.interrupts < 1 &&
           is_share(of.late_cancels) && is_share(of.cancelled_successes) && of.least_cut_bytes != 0 &&
           of.least_delay.count() >= 0 && of.max_delay >= of.least_delay;
}

void plan(input& in, bf::simulated_kernel& kernel) {
    const auto kind = static_cast<bf::op_kind>(in.below(static_cast<std::size_t>(bf::op_kind::file_call) + 1));
    const int error = in.flag() ? EIO : in.number<int>();
    const bool is_failure = error > 0 && error != EAGAIN && error != EINPROGRESS && error != EINTR;
    const bool is_random = in.flag();
    const double chance = share(in);
    const auto times = in.number<std::uint64_t>();
    bool taken = true;
    try {
        if (is_random)
            kernel.fail_randomly(kind, error, chance);
        else
            kernel.fail(kind, error, in.number<std::uint64_t>(), times);
    } catch (const std::invalid_argument&) {
        taken = false;
    }
    const bool is_plan = is_random ? is_share(chance) && chance > 0 : times != 0;
    require(taken == (is_failure && is_plan), "a failure was planned that cannot be, or refused that can");
}

// Each in its own pieces; what comes is what went.
void exchange(bf::simulated_kernel& kernel, std::string_view text) {
    bf::runtime_options how;
    how.on_calling_thread = true;
    how.driver = bf::driver_kind::simulated;
    how.simulation = &kernel;
    bf::runtime rt{how};
    rt.run([text] {
        auto pair = bf::unix_stream::pair();
        if (!pair) return;
        auto [near, far] = std::move(*pair);
        auto sends = bf::spawn(bf::backend::stackful, [&near, text] {
            const auto sent = bf::await(near.write_all(bytes_of(text)));
            require(sent.has_value(), "a write has failed that nobody has planned to");
            (void)near.shutdown_write();
        });
        std::string got;
        std::array<std::byte, 40> piece;
        for (;;) {
            const auto count = bf::await(far.read(piece));
            require(count.has_value(), "a read has failed that nobody has planned to");
            if (*count == 0) break;
            got += text_of(std::span{piece}.first(*count));
        }
        bf::await(std::move(sends));
        require(got == text, "other bytes came out than went in");
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    bf::simulated_kernel_options how = options(in);
    std::optional<bf::simulated_kernel> kernel;
    try {
        kernel.emplace(how);
    } catch (const std::invalid_argument&) {
    }
    require(kernel.has_value() == is_good(how), "options are refused that are good, or taken that are not");
    if (!kernel) return 0;
    for (std::size_t plans = in.below(3); plans != 0; --plans) plan(in, *kernel);
    kernel->heal();
    // Of calls that are nearly always interrupted each takes for ever.
    if (how.interrupts < 0.9 && in.flag()) exchange(*kernel, in.rest());
    return 0;
}
