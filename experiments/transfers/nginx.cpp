// Without a master process, so that the server's process is the one that serves: its clock is read, and it is pinned.
#include "nginx.hpp"

#include <unistd.h>

#include <fstream>
#include <harness/server_address.hpp>
#include <stdexcept>

namespace bifilar::experiments {

namespace {

constexpr const char* program = "/usr/sbin/nginx";

// Free a moment ago: nginx cannot say which one the system chose for it.
std::string free_port() {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof place;
    auto* const generic = reinterpret_cast<sockaddr*>(&place);
    const bool known = ::bind(made, generic, bytes) == 0 && ::getsockname(made, generic, &bytes) == 0;
    ::close(made);
    if (!known) throw std::runtime_error{"no port is free for nginx"};
    return std::to_string(ntohs(place.sin_port));
}

std::string configuration(const served_folder& folder, const nginx_settings& how, const std::string& port) {
    const std::string own = folder.path() + "/nginx-";
    const auto onoff = [](bool one) { return one ? " on;\n" : " off;\n"; };
    std::string text = "daemon off;\nmaster_process off;\nworker_processes 1;\npid " + own + "pid;\nerror_log " + own +
                       "log;\nevents { worker_connections 1024; }\nhttp {\naccess_log off;\n";
    for (const char* const kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        text += std::string{kind} + "_temp_path " + own + kind + ";\n";
    text += "default_type application/octet-stream;\nkeepalive_requests 1000000000;\ntcp_nopush on;\nsendfile";
    text += onoff(how.sends_files);
    if (how.keeps_open) text += "open_file_cache max=16;\n";
    text += "server {\nlisten 127.0.0.1:" + port + (how.encrypts ? " ssl;\n" : ";\n");
    if (how.encrypts)
        text += "ssl_certificate " + folder.certificate() + ";\nssl_certificate_key " + folder.key() +
                ";\nssl_protocols TLSv1.3;\nssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;\n"
                "ssl_session_tickets off;\nssl_session_cache off;\nssl_conf_command NumTickets 0;\n";
    text += how.says.empty() ? "root " + folder.root() + ";\n" : "location / { return 200 \"" + how.says + "\"; }\n";
    return text + "}\n}\n";
}

}  // namespace

std::vector<std::string> nginx_command(const served_folder& folder, const nginx_settings& how) {
    if (::access(program, X_OK) != 0)
        throw std::runtime_error{std::string{"there is no "} + program +
                                 "; install it: sudo apt-get install nginx-light"};
    const std::string port = free_port();
    const std::string file = folder.path() + "/nginx.conf";
    std::ofstream{file} << configuration(folder, how, port);
    return {
        "/bin/sh", "-c",
        "echo listening on 127.0.0.1:" + port + "; exec " + program + " -e " + folder.path() + "/nginx-log -c " + file};
}

}  // namespace bifilar::experiments
