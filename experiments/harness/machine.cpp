// The machine and the build, as every report names them.
// Read from /proc and /sys; what is not there is left out.
#include "machine.hpp"

#include <sys/utsname.h>

#include <ctime>
#include <fstream>
#include <string>
#include <utility>

#include "counters.hpp"
#include "hardware.hpp"
#include "pin.hpp"

namespace bifilar::experiments {

namespace {

std::string first_line(const std::string& file) {
    std::ifstream in{file};
    std::string line;
    std::getline(in, line);
    return line;
}

std::string value_of(const char* file, const std::string& key) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(key)) continue;
        const std::size_t colon = line.find(':');
        const std::size_t value = line.find_first_not_of(" \t", colon + 1);
        return value == std::string::npos ? "" : line.substr(value);
    }
    return "";
}

nlohmann::ordered_json caches() {
    nlohmann::ordered_json found = nlohmann::ordered_json::array();
    for (int index = 0; index < 8; ++index) {
        const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
        const std::string size = first_line(folder + "size");
        if (size.empty()) continue;
        found.push_back("L" + first_line(folder + "level") + " " + first_line(folder + "type") + " " + size +
                        ", line " + first_line(folder + "coherency_line_size") + " B, shared by CPUs " +
                        first_line(folder + "shared_cpu_list"));
    }
    return found;
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

}  // namespace

nlohmann::ordered_json describe_machine() {
    utsname names{};
    uname(&names);
    const counters hardware;
    nlohmann::ordered_json machine;
    machine["date"] = today();
    machine["processor"] = value_of("/proc/cpuinfo", "model name");
    // Two processors of one name may differ in these. Other architectures name other things, which are left out.
    for (const auto& [name, key] : {std::pair{"vendor", "vendor_id"}, std::pair{"family", "cpu family"},
                                    std::pair{"model", "model\t"}, std::pair{"stepping", "stepping"}})
        if (std::string value = value_of("/proc/cpuinfo", key); !value.empty()) machine[name] = std::move(value);
    machine["processors"] = allowed_processors().size();
    machine["hypervisor"] = value_of("/proc/cpuinfo", "flags").find("hypervisor") != std::string::npos;
    machine["caches"] = caches();
    machine["memory"] = value_of("/proc/meminfo", "MemTotal");
    machine["kernel"] = std::string{names.sysname} + " " + names.release;
    machine["transparent_huge_pages"] = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
    machine["max_map_count"] = first_line("/proc/sys/vm/max_map_count");
    machine["load_at_start"] = first_line("/proc/loadavg");
#if defined(__clang__)
    machine["compiler"] = "clang " __clang_version__;
#else
    machine["compiler"] = "g++ " __VERSION__;
#endif
#if defined(NDEBUG)
    machine["build"] = "release, NDEBUG";
#else
    machine["build"] = "with assertions";
#endif
    machine["hardware_counters"] = hardware.available() ? "yes" : hardware.absence();
    if (auto hardware_parts = describe_hardware(); !hardware_parts.is_null())
        machine["topology"] = std::move(hardware_parts);
    return machine;
}

}  // namespace bifilar::experiments
