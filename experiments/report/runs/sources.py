# Finds the code that produced a figure, so that a reader is one click away from it.
import fnmatch
import os
import pathlib
import posixpath

from base import places

# What another runtime's contenders begin with, and its program. Where that is of several files, the one that names the
# function of each workload, where the page does not name another.
RUST = "rust/src/main.rs"
PEERS = {"Go": "go/main.go", "Tokio": RUST, "flume": RUST, "async-channel": RUST, "Rust": RUST,
         "Boost.Fiber": "cpp/fiber_peer.cpp", "Asio": "cpp/asio_peer.cpp", "libuv": "cpp/uv_peer.c", "oneTBB": "cpp/tbb_peer.cpp", "Python": "python/python_peer.py",
         "Node": "node/node_peer.js", "GJS": "gjs/gjs_peer.js", "Ruby": "ruby/ruby_peer.rb", "Lua": "lua/lua_peer.lua"}
ECHO = {"Go": "go/echo.go", "Tokio": "rust/src/echo.rs", "Asio": "cpp/asio_echo.cpp", "libuv": "cpp/uv_echo.c"}
# Of the pages whose peers are servers.
SERVERS = {"io": ECHO, "connections": ECHO, "http": {"Go": "go/http.go"}, "transfers": {"Go": "go/http.go"}}
SHORTEST = 3  # Of a workload's name, where its code builds the rest from numbers.


def home_from(out):
    """The way from the folder of the reports to that of the experiments."""
    return pathlib.PurePath(os.path.relpath(places.EXPERIMENTS, out.resolve())).as_posix()


def matching(files, workload):
    """Those of {file: [workload, or with * for the rest of its name]} that name the workload."""
    return [file for file, workloads in files.items() if any(fnmatch.fnmatchcase(workload, one) for one in workloads)]


def files_of(definition, workload):
    """The files with a workload's code, under experiments/, as page.json names them: those that do the work first."""
    return matching(definition.get("code", {}), workload)


def links(definition, workload, home):
    """Markdown: where the workload's code is. `home`: the way to the folder of the experiments."""
    files = [posixpath.normpath(f"experiments/{file}") for file in files_of(definition, workload)]
    return ", ".join(f"[{file}]({posixpath.normpath(f'{home}/../{file}')})" for file in files)


def naming(page, workload):
    """All files of experiments/<page> that name the workload, for checks. Names that the code builds, as "capacity" + "16",
    are found by how they begin; [] where no file names it."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted((places.EXPERIMENTS / page).glob("*.cpp"))}
    for length in range(len(workload), SHORTEST - 1, -1):
        name = workload[:length]
        found = [path for path, text in texts.items() if f'"{name}"' in text or (length < len(workload) and f'"{name}_"' in text)]
        if found:
            return found
    return []


def runtimes_of(names):
    """The other runtimes among the contenders `names`."""
    return [peer for peer in PEERS if any(name == peer or name.startswith((f"{peer} ", f"{peer},")) for name in names)]


def peer_file(page, definition, workload, runtime):
    """Under experiments/peers/: the file with the runtime's code of the workload. page.json names it where the runtime's
    program is of several files, the first one that fits."""
    usual = (PEERS | SERVERS.get(page, {}))[runtime]
    folder = usual.split("/")[0]
    return next((file for file in matching(definition.get("peers_code", {}), workload) if file.startswith(f"{folder}/")), usual)


def peers_links(page, definition, work, home):
    """Markdown: where the programs of the other runtimes among the contenders of a page's work are; empty where there are
    none."""
    runtimes = runtimes_of([one["name"] for one in work["contenders"]])
    return ", ".join(f"[{runtime}]({home}/peers/{peer_file(page, definition, work['id'], runtime)})" for runtime in runtimes)
