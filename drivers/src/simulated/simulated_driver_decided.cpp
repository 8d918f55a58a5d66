// What a simulated driver does in a simulation alone, where a seed decides on threads as well.
#include "simulated_driver.hpp"

namespace bifilar::drivers {

void simulated_driver::record(std::uint64_t number, const op& which, int result) noexcept {
    kernel_.record(number, which, result);
    if (chances_.simulation() == nullptr) return;
    base::decisions& by = chances_.simulation()->by();
    by.note(static_cast<std::uint64_t>(which.kind));
    by.note(which.kind == op_kind::accept && result >= 0 ? 0 : static_cast<std::uint64_t>(result));
}

// In a simulation, where it comes before each task, that is decided.
bool simulated_driver::looks_early() noexcept {
    if (chances_.simulation() == nullptr) return false;
    base::decisions& by = chances_.simulation()->by();
    return by.chance(base::decision_kind::look, base::baton::subject(), by.temper(base::decision_kind::look));
}

// For those who choose while its worker rests: whether a descriptor is ready.
bool simulated_driver::is_ready(void* driver) noexcept {
    auto& self = *static_cast<simulated_driver*>(driver);
    return ::poll(self.polled_.data(), self.polled_.size(), 0) > 0;
}

}  // namespace bifilar::drivers
