// A file while it is not whole.
#pragma once

#include <bifilar/bifilar.hpp>
#include <optional>
#include <string>
#include <system_error>

namespace download {

/// Under another name, and gone unless it is kept.
class partial_file {
public:
    /// `to`: its name when it is whole; ".part" is added until then.
    explicit partial_file(std::string to) : to_{std::move(to)}, name_{to_ + ".part"} {}
    partial_file(const partial_file&) = delete;
    partial_file& operator=(const partial_file&) = delete;
    /// Removes it, unless it was kept or was never made by this object.
    ~partial_file();

    /// Makes it. Throws std::system_error, also when there is one: two downloads would mix in one file. Cancelled:
    /// waits until it is known whether there is something to remove.
    [[nodiscard]] bifilar::task<> create();
    /// Gives it its name, when its contents are on the disk. Throws std::system_error.
    [[nodiscard]] bifilar::task<> keep();
    /// Between the two.
    [[nodiscard]] bifilar::file& file() noexcept { return *file_; }

private:
    bifilar::task<> make();

    const std::string to_;
    const std::string name_;
    std::optional<bifilar::file> file_;
};

}  // namespace download
