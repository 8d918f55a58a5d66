"""Requests that a polite client does not send.  http_raw.py HOST:PORT WHAT [PID]"""
import os
import signal
import socket
import sys

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"


def connect():
    host, port = sys.argv[1].rsplit(":", 1)
    made = socket.create_connection((host, int(port)), timeout=30)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def rest(of):
    """All that comes until the server closes."""
    text = b""
    while True:
        more = of.recv(65536)
        if not more:
            return text
        text += more


def status_after(request):
    with connect() as to:
        to.sendall(request)
        return int(rest(to).split()[1])


def pipelined():
    """500 requests at once, then one that ends the connection: as many answers, in order."""
    last = b"GET /last HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
    with connect() as to:
        to.sendall(GET * 500 + last)
        text = rest(to)
    assert text.count(b"HTTP/1.1 200 OK") == 500, text[:300]
    assert text.count(b"\r\n\r\nhello") == 500
    assert text.rfind(b"HTTP/1.1 404") > text.rfind(b"HTTP/1.1 200")


def malformed():
    assert status_after(b"\x16\x03\x01 what is this\r\n\r\n") == 400
    assert status_after(b"GET / HTTP/1.1\r\n\r\n") == 400, "without Host"
    assert status_after(b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n") == 400, "two Hosts"
    assert status_after(b"GET / HTTP/9.9\r\n" + HOST + b"\r\n") in (400, 505)
    both = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert status_after(both) == 400, "two lengths"
    assert status_after(b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n") == 400


def in_morsels():
    """Byte by byte, a chunked body included."""
    request = b"POST /echo HTTP/1.1\r\nConnection: close\r\n" + HOST
    request += b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    with connect() as to:
        for at in range(len(request)):
            to.sendall(request[at : at + 1])
        text = rest(to)
    assert text.endswith(b"\r\n\r\nhello world"), text


def slow_head():
    """A head that never ends is answered with 408, and the connection closed."""
    assert status_after(b"GET / HTTP/1.1\r\nX-Slow: ") == 408


def begin_body():
    to = connect()
    to.sendall(b"POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n" + HOST + b"\r\n")
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        text += to.recv(1)
    assert text.startswith(b"HTTP/1.1 100"), text
    return to




def finish_at_stop():
    with begin_body() as to:
        os.kill(int(sys.argv[3]), signal.SIGINT)
        to.sendall(b"body")
        text = rest(to)
    assert text.startswith(b"HTTP/1.1 200"), text
    assert text.endswith(b"\r\n\r\nbody"), text


def never_finish():
    with begin_body() as to:
        os.kill(int(sys.argv[3]), signal.SIGINT)
        assert rest(to) == b""


globals()[sys.argv[2]]()
