"""Measures echo servers side by side: a bare epoll loop in C, and the echo example on both backends and both drivers.

echo.py --build DIR [--seconds S] [--rounds N] [--connections N,N] [--bytes B] [--json FILE]
The server is pinned to the first processor and the load to the second; rounds go through all servers in turn, so a
slow moment of the machine meets all of them. The figure is the server's CPU time per request over that of the bare
loop in the same round.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys


def servers(build):
    bare = [str(build / "experiments/io/bare_epoll"), "0"]
    yield "bare epoll loop in C", bare
    for backend in ("stackless", "stackful"):
        for driver in ("epoll", "uring"):
            command = [str(build / "examples/echo"), "--port", "0", "--workers", "1", "--backend", backend, "--driver", driver]
            yield f"bifilar {backend}, {driver}", command


def pinned(processor):
    usable = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {usable[min(processor, len(usable) - 1)]})


def measure(build, command, connections, size, seconds):
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=pinned(0))
    try:
        address = server.stdout.readline().removeprefix("listening on ").strip()
        if not address:
            sys.exit(f"{command[0]} did not start")
        load = [str(build / "experiments/io/io_load"), "--connect", address, "--connections", str(connections), "--bytes",
                str(size), "--seconds", str(seconds), "--server-pid", str(server.pid)]
        answer = subprocess.run(load, capture_output=True, text=True, preexec_fn=pinned(1))
        if answer.returncode != 0:
            sys.exit(f"{command}: {answer.stderr.strip()}")
        return json.loads(answer.stdout)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def table(results, connections, size):
    print(f"\n{connections} connections, {size} bytes")
    print(f"{'server':32} {'requests/s':>11} {'p50 us':>8} {'p99 us':>8} {'p99.9 us':>9} {'CPU ns/request':>15} {'of bare':>8}")
    bare = [one["server_cpu_ns_per_request"] for one in next(iter(results.values()))]
    for name, rounds in results.items():
        middle = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        ratio = statistics.median(a["server_cpu_ns_per_request"] / b for a, b in zip(rounds, bare))
        print(f"{name:32} {middle['requests_per_second']:11.0f} {middle['p50_ns'] / 1000:8.0f} {middle['p99_ns'] / 1000:8.0f} "
              f"{middle['p999_ns'] / 1000:9.0f} {middle['server_cpu_ns_per_request']:15.0f} {ratio:8.3f}")


def main():
    parser = argparse.ArgumentParser(description="Echo servers side by side.")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/bench"))
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", default="64")
    parser.add_argument("--bytes", type=int, default=64)
    parser.add_argument("--json", type=pathlib.Path)
    given = parser.parse_args()
    everything = {}
    for connections in (int(text) for text in given.connections.split(",")):
        results = {}
        for _ in range(given.rounds):
            for name, command in servers(given.build):
                results.setdefault(name, []).append(measure(given.build, command, connections, given.bytes, given.seconds))
        table(results, connections, given.bytes)
        everything[str(connections)] = results
    if given.json:
        given.json.write_text(json.dumps({"bytes": given.bytes, "seconds": given.seconds, "rounds": everything}, indent=1))


if __name__ == "__main__":
    main()
