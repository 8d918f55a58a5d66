// A directory for one test, gone with all that is in it at the end.
#pragma once

#include "bytes.hpp"  // IWYU pragma: export
#include "catch.hpp"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tests {

class scratch_directory {
public:
    scratch_directory()
        : path_{(std::filesystem::temp_directory_path() / "bifilar-test-").string() + std::string(6, 'X')} {
        REQUIRE(::mkdtemp(path_.data()) != nullptr);
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + '/' + name; }

    /// A file with that text in it. Its path.
    std::string with_file(const std::string& name, const std::string& text) const {
        std::ofstream{*this / name, std::ios::binary} << text;
        return *this / name;
    }
    /// How many entries the directory has.
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator{path_}, std::filesystem::directory_iterator{}));
    }

private:
    std::string path_;
};

inline std::string contents(const std::string& path) {
    std::ifstream from{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

}  // namespace tests
