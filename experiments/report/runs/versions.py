# The versions of the languages and libraries that the peers are made of, as this machine has them.
import re
import subprocess

# By what the program itself says; by path, because the peers are built and run with these and not with others in PATH.
PROGRAMS = {"Go": ["/usr/bin/go", "version"], "rustc": ["/usr/bin/rustc", "--version"], "Node": ["/usr/bin/node", "--version"],
            "Python": ["/usr/bin/python3", "--version"], "GJS": ["/usr/bin/gjs", "--version"],
            "Ruby": ["/usr/bin/ruby", "--version"], "Lua": ["/usr/bin/lua5.4", "-v"]}
# By Debian's package.
PACKAGES = {"Tokio": "librust-tokio-dev", "flume": "librust-flume-dev", "async-channel": "librust-async-channel-dev",
            "Boost.Fiber": "libboost-fiber1.81-dev", "Asio": "libboost1.81-dev", "libuv": "libuv1-dev", "oneTBB": "libtbb-dev", "wrk": "wrk",
            "nginx": "nginx-light", "OpenSSL": "libssl3"}
NUMBER = re.compile(r"\d+(\.\d+)+\S*")


def output(command):
    """What it printed, or '' where it is not there or fails."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (ended.stdout or ended.stderr).strip() if ended.returncode == 0 else ""


def of_program(command):
    found = NUMBER.search(output(command))
    return found[0] if found else ""


def of_package(package):
    """Empty also for a package that was removed and left its settings."""
    status, _, version = output(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package]).partition(" ")
    return version if status == "installed" else ""


def here():
    """{language or library: version} of those that are here."""
    found = {**{name: of_program(command) for name, command in PROGRAMS.items()},
             **{name: of_package(package) for name, package in PACKAGES.items()}}
    return {name: version for name, version in found.items() if version}
