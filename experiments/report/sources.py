# Finds the code that produced a figure, so that a reader is one click away from it.
import os
import pathlib

HOME = pathlib.Path(__file__).resolve().parent.parent
SUFFIXES = (".cpp", ".hpp", ".c", ".py")
# What another runtime's contenders begin with, and its programs.
PEERS = {"Go": "go", "Tokio": "rust/src", "flume": "rust/src", "async-channel": "rust/src", "Rust": "rust/src",
         "Boost.Fiber": "cpp/fiber_peer.cpp", "Asio": "cpp", "libuv": "cpp", "Python": "python", "Node": "node", "GJS": "gjs", "Ruby": "ruby",
         "Lua": "lua"}
SHORTEST = 3  # Of a workload's name, where its code builds the rest from numbers.


def home_from(out):
    """The way from the folder of the reports to that of the experiments."""
    return pathlib.PurePath(os.path.relpath(HOME, out.resolve())).as_posix()


def file_of(page, workload):
    """The file of experiments/<page> that names the workload, or '' where none does. Names that the code builds, as
    "capacity" + "16", are found by how they begin."""
    files = [path for path in sorted((HOME / page).glob("*")) if path.suffix in SUFFIXES]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    for length in range(len(workload), SHORTEST - 1, -1):
        for name, text in texts.items():
            if f'"{workload[:length]}"' in text or (length < len(workload) and f'"{workload[:length]}_"' in text):
                return name
    return ""


def link(page, workload, home):
    """Markdown: where the workload's code is. `home`: the way to the folder of the experiments."""
    name = file_of(page, workload)
    return (f"[experiments/{page}/{name}]({home}/{page}/{name})" if name else f"[experiments/{page}]({home}/{page})")


def peers_links(names, home):
    """Markdown: where the programs of the other runtimes among the contenders `names` are; empty where there are none."""
    runtimes = [peer for peer in PEERS if any(name == peer or name.startswith((f"{peer} ", f"{peer},")) for name in names)]
    return ", ".join(f"[{peer}]({home}/peers/{PEERS[peer]})" for peer in runtimes)
