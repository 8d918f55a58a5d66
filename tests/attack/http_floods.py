"""Peers that take without giving, against http_server: memory, time, descriptors, and paths that lead elsewhere.
http_floods.py PROGRAM [--backend B] [--driver D]

Each says its figure; a server that exceeds what is stated, ends, or leaves a healthy client alone is a finding: code 1."""
import argparse
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = b"Host: x\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
MIB = 1 << 20
# What each connection may have, whatever it does: room for heads, own_bytes, a stack or a frame, and what a sanitizer
# puts around them. See docs/attacks.md.
CONNECTION_BYTES = 128 << 10
# What a process takes once when it has more to do than before: arenas, stacks of threads, shadows of a sanitizer.
ONCE_BYTES = 16 * MIB


class Server:
    def __init__(self, given, *options, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        environment = dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        words = [given.program, "--port", "0", "--backend", given.backend, "--driver", given.driver, *options]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=limit, env=environment)
        host, port = self.process.stdout.readline().split()[-1].rsplit(":", 1)
        self.address = (host, int(port))
        self.healthy()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=60)
        if code != 0 and kind is None:
            sys.exit(f"the server ended with code {code}")

    def connect(self, receive_buffer=None):
        made = socket.socket()
        if receive_buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made.settimeout(60)
        made.connect(self.address)
        return made

    def healthy(self):
        with self.connect() as to:
            to.sendall(GET)
            text = b""
            while b"\r\n\r\n" not in text:
                more = to.recv(65536)
                assert more, text
                text += more
            assert text.startswith(b"HTTP/1.1 200 ") or text.startswith(b"HTTP/1.1 404 "), text

    def memory(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def returns_to(self, descriptors):
        until = time.monotonic() + 120
        while self.descriptors() > descriptors:
            assert time.monotonic() < until, f"{self.descriptors()} descriptors are left of {descriptors}"
            time.sleep(0.01)


def push(to, text):
    """As much as the peer takes at once."""
    to.setblocking(False)
    sent = 0
    try:
        while sent < len(text):
            sent += to.send(text[sent : sent + 65536])
    except (BlockingIOError, ConnectionResetError, BrokenPipeError):
        pass
    to.settimeout(60)
    return sent


def settled(server):
    """The most that it has, when it has not grown for a while."""
    most, quiet = 0, 0
    while quiet < 20:
        now = server.memory()
        most, quiet = max(most, now), 0 if now > most else quiet + 1
        time.sleep(0.02)
    return most


def bodies(given, count=300):
    """Bodies of a MiB, of which the last byte never comes: what they take together is the budget at most."""
    with Server(given, "--memory", "32") as server:
        before = server.memory()
        flood = [server.connect() for _ in range(count)]
        body = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 999_999
        left = {one: body for one in flood}
        quiet = 0  # Rounds in which nobody took anything.
        while left and quiet < 10:
            moved = 0
            for one, text in list(left.items()):
                sent = push(one, text)
                moved += sent
                left[one] = text[sent:]
                if sent == len(text):
                    del left[one]
            quiet = 0 if moved else quiet + 1
            server.healthy()
        grown = settled(server) - before
        stated = 32 * MIB + ONCE_BYTES + count * CONNECTION_BYTES
        print(f"  {count} bodies of 1 MB without an end: {grown >> 10} KiB more, stated are {stated >> 10}")
        assert grown <= stated, grown
        for one in flood:
            one.close()


def answers(given, count=60):
    """Requests without an end on connections from which nothing is read."""
    # Those whose answers all fit into the kernel's buffers are idle, the others do not take them.
    with Server(given, "--write-time", "2000", "--idle-time", "2000", "--head-time", "2000") as server:
        before = server.memory()
        idle = server.descriptors()
        flood = [server.connect(4096) for _ in range(count)]
        began = time.monotonic()
        for one in flood:
            push(one, GET * 20_000)
        server.healthy()
        grown = settled(server) - before
        stated = ONCE_BYTES + count * CONNECTION_BYTES
        print(f"  {count} that read no answers: {grown >> 10} KiB more, stated are {stated >> 10}")
        assert grown <= stated, grown
        server.returns_to(idle)
        print(f"  all given up {time.monotonic() - began:.1f} s after the first, with limits of 2 s")
        for one in flood:
            one.close()


def writers(given, count=300):
    """Heads that grow by a byte now and then."""
    with Server(given, "--head-time", "1000") as server:
        idle = server.descriptors()
        flood = [server.connect() for _ in range(count)]
        began = time.monotonic()
        rounds = 0
        while server.descriptors() > idle:
            assert time.monotonic() - began < 60
            for one in flood:
                push(one, b"GET / HTTP/1.1\r\nX: " if rounds == 0 else b"y")
            rounds += 1
            server.healthy()
            time.sleep(0.05)
        print(f"  {count} slow heads: given up within {time.monotonic() - began:.1f} s, with --head-time 1000")
        for one in flood:
            one.close()


def descriptors(given, count=200):
    """More connections than the server has descriptors for; when they end, all is as before."""
    with Server(given, descriptors=64) as server:
        idle = server.descriptors()
        flood = [server.connect() for _ in range(count)]
        for one in flood:
            push(one, GET)
        served = 0
        for one in flood[:20]:
            served += one.recv(65536).startswith(b"HTTP/1.1 200")
        most = server.descriptors()
        for one in flood:
            one.close()
        server.healthy()
        server.returns_to(idle)
        print(f"  {count} connections with 64 descriptors: {most} in use, {served} of the first 20 served, then {idle}")
        assert served == 20


TRAVERSALS = ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/below/../../secret", "/below/%2e%2e/%2e%2e/secret",
              "/./../secret", "//../secret", "/..;/secret", "/..\\secret", "/.%2e/secret", "/%2e./secret", "/%2fsecret",
              "/below/..%2f..%2fsecret", "/....//secret", "/%c0%ae%c0%ae/secret", "/%252e%252e/secret",
              "/outside", "/outside_folder/secret", "/loop", "/process", "/process/environ", "/sent/", "/sent/x", "/%2f",
              "//etc/passwd", "/%2fetc%2fpasswd", "/" + "a" * 300, "/" + "a/" * 1500, "/below/" + "../" * 1300 + "secret"]


def files(given):
    """What lies outside of the folder is not there, and what is no file does not hold the server up."""
    with tempfile.TemporaryDirectory() as folder:
        site = pathlib.Path(folder, "site")
        (site / "below").mkdir(parents=True)
        pathlib.Path(folder, "secret").write_text("secret")
        (site / "sent").write_text("sent")
        (site / "outside").symlink_to(pathlib.Path(folder, "secret"))
        (site / "outside_folder").symlink_to(folder)
        (site / "inside").symlink_to("sent")
        (site / "loop").symlink_to("loop")
        (site / "process").symlink_to("/proc/self")
        os.mkfifo(site / "fifo")
        with socket.socket(socket.AF_UNIX) as bound, Server(given, "--root", str(site)) as server:
            bound.bind(str(site / "socket"))
            idle = server.descriptors()
            wanted = {path: {400, 404} for path in TRAVERSALS}
            wanted |= {"/sent": {200}, "/inside": {200}, "/fifo": {403}, "/socket": {404}, "/below": {301},
                       "/sent%00": {400}, "/%00": {400}, "/sent%0": {400}, "/sent%": {400}, "/sent%zz": {400},
                       "*": {400}, "sent": {400}, "/below/../sent": {200}, "/sent?../../secret": {200}}
            for path, expected in wanted.items():
                for method in ("GET", "HEAD"):
                    with server.connect() as to:
                        to.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
                        text = b""
                        while more := to.recv(65536):
                            text += more
                    assert int(text.split()[1]) in expected, (method, path, text)
                    assert b"secret" not in text.partition(b"\r\n\r\n")[2], (path, text)
            server.returns_to(idle)
            print(f"  {len(wanted)} paths with GET and HEAD: none leads out, no FIFO holds")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--backend", default="stackless")
    options.add_argument("--driver", default="best")
    given = options.parse_args()
    print(f"floods, {given.backend} over {given.driver}")
    for one in (bodies, answers, writers, descriptors, files):
        one(given)


if __name__ == "__main__":
    main()
