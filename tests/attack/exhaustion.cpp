// More connections than the server has descriptors; the kernel keeps the others waiting.
#include "exhaustion.hpp"

#include "server_process.hpp"
#include "wire.hpp"

#include <cstdio>
#include <list>

namespace attack {

void exhaust_descriptors(const options& given, const plan& what, tally& into) {
    constexpr std::size_t max_descriptors = 40;
    std::vector<std::string> arguments{"--backend", given.backend, "--driver", given.driver, "--workers", "1"};
    arguments.insert(arguments.end(), what.arguments.begin(), what.arguments.end());
    server_process server{given.examples + "/" + what.program, arguments, max_descriptors};
    std::list<connection> held;
    for (std::size_t count = 0; count < 3 * max_descriptors; ++count) held.emplace_back(server.port());
    held.clear();
    what.make(server.port())->check_health(into);
    const std::string wrong = server.stop();
    if (!wrong.empty()) into.find(what.program + " with few descriptors: " + wrong, {});
    std::printf("  with %zu descriptors and %zu connections: serves when they are gone\n", max_descriptors,
                3 * max_descriptors);
}

}  // namespace attack
