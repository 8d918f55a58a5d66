"""Peers that take without giving, against chat_server: silent ones, ones that do not read, and too many.
chat_floods.py PROGRAM [--backend B] [--driver D]

Each says its figure; a server that exceeds what is stated, ends, or leaves a healthy member alone is a finding: code 1."""
import time

import floods
from floods import CONNECTION_BYTES, ONCE_BYTES, bounded, exhaust, push, settled

LINE = b"x" * 4000
MESSAGE_BYTES = 2 * 4096 + 256  # As it is kept: a name and a line, and what a string has in reserve.


def is_welcome(to, name=b"member"):
    to.sendall(name + b"\n")
    return b"* welcome, " + name in heard(to)


def heard(to):
    """A line, whatever comes first."""
    text = b""
    while not text.endswith(b"\n"):
        more = to.recv(1)
        if not more:
            break
        text += more
    return text


class Server(floods.Server):
    def healthy(self):
        with self.connect() as to:
            assert is_welcome(to)


def nameless(given, count=200):
    """Connections on which no name is said."""
    with Server(given, "--name-time", "1000") as server:
        before = server.memory()
        idle = server.descriptors()
        flood = [server.connect() for _ in range(count)]
        for one in flood[::2]:
            push(one, b"half a na")
        began = time.monotonic()
        grown = settled(server) - before
        server.healthy()
        bounded(f"{count} without a name", grown, ONCE_BYTES + count * CONNECTION_BYTES)
        server.gives_up(idle, began, 1, "--name-time 1000")
        for one in flood:
            one.close()


def unread(given, count=30, lines=6000, history=256):
    """Members that read nothing of what another says, and a last one that reads all."""
    with Server(given, "--history", str(history), "--write-time", "2000") as server:
        idle = server.descriptors()
        speaker, listener = server.connect(), server.connect()
        assert is_welcome(listener, b"listener") and is_welcome(speaker, b"speaker")
        before = server.memory()
        flood = [server.connect(4096) for _ in range(count)]
        for number, one in enumerate(flood):
            push(one, b"slow%d\n" % number)
        reader = listener.makefile("rb")
        most = 0
        for number in range(lines):
            speaker.sendall(LINE + b"\n")
            # One after the other, so that who reads misses nothing.
            while LINE not in reader.readline():
                pass
            if number % 100 == 0:
                most = max(most, server.memory())
        began = time.monotonic()
        grown = max(most, settled(server)) - before
        bounded(f"{count} that do not read {lines * len(LINE) >> 20} MiB", grown,
                ONCE_BYTES + history * MESSAGE_BYTES + count * CONNECTION_BYTES)
        server.gives_up(idle + 2, began, 2, "--write-time 2000")
        for one in (*flood, reader, listener, speaker):
            one.close()


def descriptors(given):
    with Server(given, descriptors=64) as server:
        exhaust(server, is_welcome, least=20)


def main():
    given = floods.options("program")
    print(f"floods of chat_server, {given.backend} over {given.driver}")
    for one in (nameless, unread, descriptors):
        one(given)


if __name__ == "__main__":
    main()
