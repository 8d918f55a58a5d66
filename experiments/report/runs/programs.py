# Which programs a page is measured with, by the checksums of their files: what a resumed run and a comparison go by.
import hashlib

from base import places
from runs import sources

# What a page's experiment starts besides, in BUILD; the folders' CMakeLists.txt hand it their paths.
STARTED = {"io": ["experiments/io/bare_epoll", "experiments/io/bare_uring", "experiments/io/bare_threads", "experiments/io/io_load", "examples/echo"],
           "http": ["examples/http_server", "experiments/http/beast_server"],
           "transfers": ["examples/http_server", "experiments/transfers/body_server"],
           "connections": ["experiments/connections/connection_load", "experiments/io/bare_threads", "examples/echo"],
           "portability": ["portability.wasm"]}
# Scripts that count facts or shape a load.
SCRIPTS = (".py", ".lua")
# Of the runtimes that sources.py knows: their programs in PEERS.
PEERS = {"Go": ["go_peer"], "Tokio": ["rust_peer"], "flume": ["rust_peer"], "async-channel": ["rust_peer"], "Rust": ["rust_peer"],
         "Boost.Fiber": ["fiber_peer"], "Asio": ["asio_peer", "asio_echo"], "libuv": ["uv_peer", "uv_echo"], "oneTBB": ["tbb_peer"], "Python": ["python_peer"],
         "Node": ["node_peer"], "GJS": ["gjs_peer"], "Ruby": ["ruby_peer"], "Lua": ["lua_peer"]}


def checksum(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def own(page, build):
    """{file: checksum} of this library's programs and scripts for the page; what is not built is left out."""
    built = {name: build / name for name in (f"experiments/experiment_{page}", *STARTED.get(page, []))}
    scripts = {f"experiments/{page}/{path.name}": path for path in sorted((places.EXPERIMENTS / page).glob("*"))
               if path.suffix in SCRIPTS and not path.stem.endswith("_test")}
    return {name: checksum(path) for name, path in {**built, **scripts}.items() if path.is_file()}


def all_peers(folder):
    names = sorted({name for several in PEERS.values() for name in several})
    return {name: checksum(folder / name) for name in names if (folder / name).is_file()}


def of_contenders(peers, report):
    """Those of `peers` whose runtimes are among the page's contenders."""
    contenders = {one["name"] for work in report["workloads"] for one in work["contenders"]}
    used = {program for runtime in sources.runtimes_of(contenders) for program in PEERS[runtime]}
    return {name: value for name, value in peers.items() if name in used}


def differing(before, after):
    """The programs that measured a page in both reports and are not the same file; None where a report does not say. Peers
    that only one of them has have no figures to compare either."""
    one, other = before.get("run", {}), after.get("run", {})
    if "programs" not in one or "programs" not in other:
        return None
    ours = [name for name in {**one["programs"], **other["programs"]} if one["programs"].get(name) != other["programs"].get(name)]
    theirs, others = one.get("peers", {}), other.get("peers", {})
    return sorted(ours + [name for name in theirs if name in others and theirs[name] != others[name]])
