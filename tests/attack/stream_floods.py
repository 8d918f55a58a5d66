"""Peers that take without giving, against the servers that pass on whatever they get: tls_echo and proxy.
stream_floods.py EXAMPLES tls_echo|proxy [--backend B] [--driver D]

Each says its figure; a server that exceeds what is stated, ends, or leaves a healthy client alone is a finding: code 1."""
import contextlib
import ssl
import subprocess
import tempfile
import time

import floods
from floods import CONNECTION_BYTES, ONCE_BYTES, bounded, exhaust, push, settled

# A proxied pair has two buffers of 64 KiB as well.
BUFFER_BYTES = {"tls_echo": 0, "proxy": 2 * 64 << 10}


def says_hello(to):
    got = b""
    to.sendall(b"hello")
    while len(got) < 5:
        more = to.recv(65536)
        if not more:
            return False
        got += more
    return got == b"hello"


class Stream(floods.Server):
    def __init__(self, given, *options, what=None, **more):
        self.what = what or given.what
        own = given.own if self.what == given.what else []
        super().__init__(given, *own, *options, program=f"{given.examples}/{self.what}", **more)

    def client(self, receive_buffer=None):
        """One that has agreed on a connection, where that takes more than to connect."""
        return self.agreed(self.connect(receive_buffer))

    def agreed(self, made):
        if self.what != "tls_echo":
            return made
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(made)

    def healthy(self):
        with self.client() as to:
            assert says_hello(to)

    def stated(self, count):
        return ONCE_BYTES + count * (CONNECTION_BYTES + BUFFER_BYTES[self.what])


def silent(given, count=200):
    """Connections on which nothing is said."""
    with Stream(given, "--idle", "3000") as server:
        before = server.memory()
        idle = server.descriptors()
        flood = [server.client() for _ in range(count)]
        began = time.monotonic()
        grown = settled(server) - before
        bounded(f"{count} silent connections", grown, server.stated(count))
        server.gives_up(idle, began, 3, "--idle 3000")
        server.healthy()
        for one in flood:
            one.close()


def unread(given, count=30):
    """Connections that send all that is taken, and read nothing."""
    with Stream(given, "--idle", "2000") as server:
        before = server.memory()
        idle = server.descriptors()
        flood = [server.client(4096) for _ in range(count)]
        quiet = sent = most = 0
        while quiet < 10:  # Rounds in which nobody took anything.
            moved = sum(push(one, b"x" * (1 << 20)) for one in flood)
            sent += moved
            quiet = 0 if moved else quiet + 1
            most = max(most, server.memory())
            server.healthy()
        began = time.monotonic()
        grown = max(most, settled(server)) - before
        bounded(f"{count} that do not read {sent >> 20} MiB", grown, server.stated(count))
        server.gives_up(idle, began, 2, "--idle 2000")
        for one in flood:
            one.close()


def half_handshakes(given, count=100):
    """Clients of TLS that never say all of the first record."""
    if given.what != "tls_echo":
        return
    with Stream(given) as server:
        before = server.memory()
        idle = server.descriptors()
        flood = [server.connect() for _ in range(count)]
        for one in flood:
            push(one, b"\x16\x03\x01\x02\x00\x01")
        began = time.monotonic()
        grown = settled(server) - before
        server.healthy()
        bounded(f"{count} half handshakes", grown, server.stated(count))
        server.gives_up(idle, began, 10, "10 s for a handshake")
        for one in flood:
            one.close()


def descriptors(given):
    with Stream(given, descriptors=64) as server:
        def is_served(one):
            try:
                with server.agreed(one) as to:
                    return says_hello(to)
            except OSError:
                return False
        # A proxied pair takes two, and where the second is missing the first is closed.
        exhaust(server, is_served, least=1 if given.what == "proxy" else 20)


def make_certificate(folder):
    made = ["--certificate", f"{folder}/own.pem", "--key", f"{folder}/own.key"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=localhost", "-keyout", made[3], "-out", made[1]], check=True, capture_output=True)
    return made


def main():
    given = floods.options("examples", "what")
    given.own = []
    with contextlib.ExitStack() as stack:
        variants = [[]]
        if given.what == "tls_echo":
            variants = [make_certificate(stack.enter_context(tempfile.TemporaryDirectory()))]
        elif given.what == "proxy":
            behind = stack.enter_context(Stream(given, what="echo"))
            variants = [["--to", "%s:%d" % behind.address, "--splice", splice] for splice in "01"]
        for given.own in variants:
            kind = ", spliced" if given.own[-2:] == ["--splice", "1"] else ""
            print(f"floods of {given.what}{kind}, {given.backend} over {given.driver}")
            for one in (silent, unread, half_handshakes, descriptors):
                one(given)


if __name__ == "__main__":
    main()
