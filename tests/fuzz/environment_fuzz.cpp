// What the library reads from the environment: numbers and names that somebody has typed. They are taken as they are
// meant, or refused with a sentence that names the variable.
#include "input.hpp"

#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/sched/detail/cpu_quota.hpp>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace {

using namespace fuzz;
using bifilar::driver_kind;

void set(const char* name, const std::string& value) {
    require(::setenv(name, value.c_str(), 1) == 0, "the environment cannot be changed");
}

// By hand: digits alone, from 1 to 4096.
std::optional<std::uint32_t> workers_of(std::string_view text) {
    std::uint32_t value = 0;
    for (const char one : text) {
        if (one < '0' || one > '9') return std::nullopt;
        value = std::min(value * 10 + static_cast<std::uint32_t>(one - '0'), 100'000U);
    }
    if (value < 1 || value > 4096) return std::nullopt;
    return value;
}

void workers(const std::string& text) {
    set("BIFILAR_WORKERS", text);
    const auto must = workers_of(text);
    try {
        const std::uint32_t got = bifilar::sched::default_workers();
        require(text.empty() ? got >= 1 : got == must, "BIFILAR_WORKERS is taken for another number");
    } catch (const std::invalid_argument& error) {
        require(!text.empty() && !must, "a good BIFILAR_WORKERS is refused");
        require(std::strstr(error.what(), "BIFILAR_WORKERS") != nullptr, "a refusal does not name the variable");
    }
    ::unsetenv("BIFILAR_WORKERS");
}

void driver(const std::string& text) {
    set("BIFILAR_DRIVER", text);
    set("BIFILAR_PROBE_FAIL", "EPERM");  // No ring is made in each run.
    try {
        const driver_kind got = bifilar::drivers::choose_driver(driver_kind::best);
        require(text.empty() || text == "best" || text == to_string(got), "BIFILAR_DRIVER is taken for another driver");
        require(got != driver_kind::best && got != driver_kind::uring, "a driver was chosen that cannot be had");
    } catch (const std::invalid_argument& error) {
        require(!text.empty() && !bifilar::parse_driver(text), "a good BIFILAR_DRIVER is refused");
        require(std::strstr(error.what(), "BIFILAR_DRIVER") != nullptr, "a refusal does not name the variable");
    } catch (const std::runtime_error&) {
        require(text == "uring", "a driver that nobody has demanded is said to be missing");
    }
    ::unsetenv("BIFILAR_DRIVER");
    ::unsetenv("BIFILAR_PROBE_FAIL");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    const bool is_number = in.flag();
    std::string text{in.rest()};
    text = text.substr(0, text.find('\0'));  // The environment's texts end there.
    is_number ? workers(text) : driver(text);
    return 0;
}
