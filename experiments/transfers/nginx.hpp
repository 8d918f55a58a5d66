// nginx as Debian builds it, with one process that serves, and a configuration that is written when it is needed.
#pragma once

#include <string>
#include <vector>

#include "folder.hpp"

namespace bifilar::experiments {

struct nginx_settings {
    bool sends_files = true;  ///< sendfile; else it reads and writes.
    bool keeps_open = false;  ///< open_file_cache; else a file is opened for each request.
    bool encrypts = false;    ///< TLS 1.3 with the folder's certificate.
    std::string says = {};    ///< What it answers instead of files, from memory: a word; empty: files.
};

/// The command of a server for the folder, at a free port; it says "listening on ADDRESS" a moment before it does.
/// Throws std::runtime_error where there is no nginx.
[[nodiscard]] std::vector<std::string> nginx_command(const served_folder& folder, const nginx_settings& how);

}  // namespace bifilar::experiments
