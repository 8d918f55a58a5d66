"""What floods of all servers have in common: a server as a process, looked at from outside, and peers that only take."""
import argparse
import os
import resource
import signal
import socket
import subprocess
import sys
import time

MIB = 1 << 20
# What each connection may have, whatever it does: its buffers, a stack or a frame, and what a sanitizer puts around
# them. See docs/attacks.md.
CONNECTION_BYTES = 128 << 10
# What a process takes once when it has more to do than before: arenas, stacks of threads, shadows of a sanitizer.
ONCE_BYTES = 16 * MIB
PATIENCE_S = 30  # For what a busy machine takes longer than is stated.


class Server:
    """Each protocol says what a healthy client does: healthy()."""

    def __init__(self, given, *options, program=None, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        environment = dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
        words = [program or given.program, "--port", "0", "--backend", given.backend, "--driver", given.driver, *options]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=limit, env=environment)
        self.max_descriptors = descriptors
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

    def gives_up(self, idle, since, limit_s, what):
        """All connections but what `idle` descriptors are for, at the latest `limit_s` after `since`."""
        self.returns_to(idle)
        taken = time.monotonic() - since
        print(f"  given up within {taken:.1f} s, with {what}")
        assert taken < limit_s + PATIENCE_S, taken


def bounded(what, grown, stated):
    print(f"  {what}: {grown >> 10} KiB more, stated are {stated >> 10}")
    assert grown <= stated, grown


def push(to, text):
    """As much as the peer takes at once."""
    to.setblocking(False)
    sent = 0
    try:
        while sent < len(text):
            sent += to.send(text[sent : sent + 65536])
    except OSError:
        pass  # It takes no more, or has ended; TLS says both by errors of its own.
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


def exhaust(server, is_served, least, count=200, asked=20):
    """More connections than `server` has descriptors for, of which some ask: `least` are served at once. When all have
    ended, all is as before."""
    idle = server.descriptors()
    flood = [server.connect() for _ in range(count)]
    served = sum(is_served(one) for one in flood[:asked])
    most = server.descriptors()
    for one in flood:
        one.close()
    server.returns_to(idle)
    server.healthy()
    print(f"  {count} connections with {server.max_descriptors} descriptors: {most} in use, {served} of the first "
          f"{asked} served, then {idle}")
    assert served >= least, served


def options(*words):
    made = argparse.ArgumentParser()
    for word in words:
        made.add_argument(word)
    made.add_argument("--backend", default="stackless")
    made.add_argument("--driver", default="best")
    return made.parse_args()
