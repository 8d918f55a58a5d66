"""Peers that take without giving, against http_server: memory, time, descriptors, and paths that lead elsewhere.
http_floods.py PROGRAM [--backend B] [--driver D]

Each says its figure; a server that exceeds what is stated, ends, or leaves a healthy client alone is a finding: code 1."""
import os
import pathlib
import socket
import tempfile
import time

import floods
from floods import CONNECTION_BYTES, MIB, ONCE_BYTES, bounded, exhaust, push, settled

HOST = b"Host: x\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"


class Server(floods.Server):
    def healthy(self):
        with self.connect() as to:
            to.sendall(GET)
            text = b""
            while b"\r\n\r\n" not in text:
                more = to.recv(65536)
                assert more, text
                text += more
            assert text.startswith(b"HTTP/1.1 200 ") or text.startswith(b"HTTP/1.1 404 "), text


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
        bounded(f"{count} bodies of 1 MB without an end", grown, 32 * MIB + ONCE_BYTES + count * CONNECTION_BYTES)
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
        bounded(f"{count} that read no answers", grown, ONCE_BYTES + count * CONNECTION_BYTES)
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


def descriptors(given):
    def is_served(one):
        one.sendall(GET)
        return one.recv(65536).startswith(b"HTTP/1.1 200")
    with Server(given, descriptors=64) as server:
        exhaust(server, is_served, least=20)


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
    given = floods.options("program")
    print(f"floods, {given.backend} over {given.driver}")
    for one in (bodies, answers, writers, descriptors, files):
        one(given)


if __name__ == "__main__":
    main()
