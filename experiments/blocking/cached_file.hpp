// A file that lies in the page cache whole, for everybody who reads it: each word of 8 bytes says where it stands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <harness/numbers.hpp>
#include <span>
#include <string>

namespace bifilar::experiments {

inline constexpr std::uint64_t file_bytes = std::uint64_t{64} << 20;

class cached_file {
public:
    /// Makes it in the folder for temporary files. Throws std::system_error.
    cached_file();
    cached_file(const cached_file&) = delete;
    cached_file& operator=(const cached_file&) = delete;
    /// Removes it.
    ~cached_file();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    void fill() const;

    std::string path_;
    int descriptor_;
};

/// Where a read of so many bytes begins: on a page, so that all of it is in the file.
[[nodiscard]] inline std::uint64_t next_offset(numbers& random, std::size_t bytes) noexcept {
    constexpr std::uint64_t page_bytes = 4096;
    return random.next() % ((file_bytes - bytes) / page_bytes + 1) * page_bytes;
}

/// How many bytes of `read` there are, of which the first and the last word are those of the offset; 0 if they are not.
[[nodiscard]] std::uint64_t right_bytes(std::span<const std::byte> read, std::uint64_t offset) noexcept;

}  // namespace bifilar::experiments
