"""The proxy between peers that reset, half-close either side first, or say nothing: each end is passed on, and nothing stays.
proxy_attacks.py PROGRAM [option...]"""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

PATIENCE_S = 60


def pair():
    """Both ends of a proxied connection."""
    client = socket.create_connection(proxy_address)
    client.settimeout(PATIENCE_S)
    server, _ = behind.accept()
    server.settimeout(PATIENCE_S)
    return client, server


def reset(on):
    on.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    on.close()


def read_all(on):
    got = b""
    try:
        while part := on.recv(65536):
            got += part
    except ConnectionResetError:
        return None
    return got


def expect_ping(one, other):
    for sender, receiver in ((one, other), (other, one)):
        sender.sendall(b"ping")
        assert receiver.recv(4, socket.MSG_WAITALL) == b"ping"


def client_ends_first():
    client, server = pair()
    client.sendall(b"x" * 100)
    client.shutdown(socket.SHUT_WR)
    assert read_all(server) == b"x" * 100
    server.sendall(b"y" * 100)
    server.close()
    assert read_all(client) == b"y" * 100


def server_ends_first():
    client, server = pair()
    server.shutdown(socket.SHUT_WR)
    assert read_all(client) == b""
    client.sendall(b"x" * 1000)
    client.close()
    assert read_all(server) == b"x" * 1000


def reset_reaches_the_other_end(which):
    """At rest, and while the other end's bytes are on their way and nobody reads them."""
    for busy in (False, True):
        ends = list(pair())
        expect_ping(*ends)
        if which == 1:
            ends.reverse()
        if busy:
            ends[1].setblocking(False)
            try:
                while True:
                    ends[1].send(b"x" * 65536)
            except BlockingIOError:
                ends[1].settimeout(PATIENCE_S)
        reset(ends[0])
        # The end, or a reset; what matters is that it comes.
        read_all(ends[1])
        ends[1].close()


def many_resets():
    for _ in range(200):
        client, server = pair()
        client.sendall(b"x" * 10_000)
        reset(client)
        reset(server)


def descriptors():
    return len(os.listdir(f"/proc/{proxy.pid}/fd"))


with socket.create_server(("127.0.0.1", 0), backlog=64) as behind:
    behind.settimeout(PATIENCE_S)
    proxy = subprocess.Popen([sys.argv[1], "--port", "0", "--to", f"127.0.0.1:{behind.getsockname()[1]}", *sys.argv[2:]],
                             stdout=subprocess.PIPE, text=True)
    try:
        port = re.fullmatch(r"listening on 127.0.0.1:(\d+)\n", proxy.stdout.readline())[1]
        proxy_address = ("127.0.0.1", int(port))
        client_ends_first()
        before = descriptors()
        server_ends_first()
        reset_reaches_the_other_end(0)
        reset_reaches_the_other_end(1)
        many_resets()
        client_ends_first()
        end = time.monotonic() + PATIENCE_S
        while descriptors() > before:
            assert time.monotonic() < end, f"{descriptors()} descriptors, {before} before"
            time.sleep(0.01)
        proxy.send_signal(signal.SIGINT)
        assert proxy.wait(PATIENCE_S) == 0
        print(proxy.stdout.read().strip())
    finally:
        proxy.kill()
