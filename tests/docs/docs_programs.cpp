// Runs one program of the pages by its name: docs_programs NAME [its arguments].
#include "docs_program.hpp"

#include <functional>
#include <map>

namespace {

std::map<std::string, std::function<int(int, char**)>>& programs() {
    static std::map<std::string, std::function<int(int, char**)>> all;
    return all;
}

}  // namespace

docs_program::docs_program(const char* name, int (*main)()) {
    programs()[name] = [main](int, char**) { return main(); };
}

docs_program::docs_program(const char* name, int (*main)(int, char**)) { programs()[name] = main; }

int main(int argc, char** argv) {
    const auto found = argc > 1 ? programs().find(argv[1]) : programs().end();
    if (found == programs().end()) {
        std::fprintf(stderr, "give the name of a program:\n");
        for (const auto& [name, run] : programs()) std::fprintf(stderr, "  %s\n", name.c_str());
        return 2;
    }
    return found->second(argc - 1, argv + 1);
}
