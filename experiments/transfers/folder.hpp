// What the servers of one run are given: files to serve, and a certificate with its key, in a folder that goes with it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace bifilar::experiments {

class served_folder {
public:
    /// Makes a folder among the system's temporary ones, and a self-signed certificate (ECDSA P-256). Throws
    /// std::runtime_error.
    served_folder();
    served_folder(const served_folder&) = delete;
    served_folder& operator=(const served_folder&) = delete;
    ~served_folder();

    /// Writes the file /SIZE of so many bytes, the same in every run. What was written is in the
    /// page cache.
    void add(std::size_t bytes);

    [[nodiscard]] std::string root() const { return (path_ / "public").string(); }
    [[nodiscard]] std::string file(std::size_t bytes) const { return root() + "/" + std::to_string(bytes); }
    [[nodiscard]] std::string certificate() const { return (path_ / "certificate.pem").string(); }
    [[nodiscard]] std::string key() const { return (path_ / "key.pem").string(); }
    /// For what else a server writes.
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

}  // namespace bifilar::experiments
