// Runs a target over files and folders of inputs, once each, where libFuzzer is not linked: with GCC, and in ctest.
//   fuzz_NAME FILE|FOLDER...
#include "input.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

namespace {

std::vector<std::uint8_t> content(const std::filesystem::path& of) {
    std::ifstream file{of, std::ios::binary};
    fuzz::require(file.is_open(), "an input cannot be read");
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

int main(int count, char** arguments) try {
    namespace fs = std::filesystem;
    std::set<fs::path> inputs;  // In an order that is the same on all machines.
    for (int at = 1; at < count; ++at) {
        if (!fs::is_directory(arguments[at])) {
            inputs.insert(arguments[at]);
            continue;
        }
        for (const fs::directory_entry& one : fs::directory_iterator{arguments[at]}) inputs.insert(one.path());
    }
    // Nothing is an input as well.
    (void)LLVMFuzzerTestOneInput(nullptr, 0);
    for (const fs::path& one : inputs) {
        // Written before it runs, so that the last line names the one that ended the process.
        std::printf("%s\n", one.filename().c_str());
        std::fflush(stdout);
        const std::vector<std::uint8_t> bytes = content(one);
        (void)LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::printf("%zu inputs\n", inputs.size());
    return inputs.empty() ? 1 : 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz: %s\n", error.what());
    return 1;
}
