// Written once and brought to the disk, so that no later write disturbs the reads.
#include "cached_file.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace bifilar::experiments {

namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

std::uint64_t word_at(const std::byte* from) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, from, word_bytes);
    return word;
}

}  // namespace

cached_file::cached_file()
    : path_{(std::filesystem::temp_directory_path() / ("bifilar-blocking-" + std::string(6, 'X'))).string()},
      descriptor_{mkstemp(path_.data())} {
    if (descriptor_ < 0) fail("no file could be made like " + path_);
    try {
        fill();
    } catch (...) {
        close(descriptor_);
        unlink(path_.c_str());
        throw;
    }
}

cached_file::~cached_file() {
    close(descriptor_);
    unlink(path_.c_str());
}

void cached_file::fill() const {
    std::vector<std::uint64_t> part((std::size_t{1} << 20) / word_bytes);
    const std::size_t part_bytes = part.size() * word_bytes;
    for (std::uint64_t offset = 0; offset < file_bytes; offset += part_bytes) {
        for (std::size_t n = 0; n < part.size(); ++n) part[n] = offset + n * word_bytes;
        const ssize_t written = pwrite(descriptor_, part.data(), part_bytes, static_cast<off_t>(offset));
        if (written != static_cast<ssize_t>(part_bytes)) fail(path_ + " cannot be written");
    }
    if (fsync(descriptor_) != 0) fail(path_ + " cannot be brought to the disk");
}

std::uint64_t right_bytes(std::span<const std::byte> read, std::uint64_t offset) noexcept {
    const std::size_t last = read.size() - word_bytes;
    return word_at(read.data()) == offset && word_at(read.data() + last) == offset + last ? read.size() : 0;
}

}  // namespace bifilar::experiments
