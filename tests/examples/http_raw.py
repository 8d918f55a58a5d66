"""Requests that a polite client does not send.  http_raw.py HOST:PORT WHAT [PID]"""
import os
import select
import signal
import socket
import sys

from portions import send_portions

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"


def connect(receive_buffer=None):
    host, port = sys.argv[1].rsplit(":", 1)
    made = socket.socket()
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(30)
    made.connect((host, int(port)))
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


def ask(on):
    """A healthy request; the connection stays open."""
    on.sendall(GET)
    text = b""
    while not text.endswith(b"\r\n\r\nhello"):
        more = on.recv(65536)
        assert more, text
        text += more
    assert text.startswith(b"HTTP/1.1 200 ") and text.count(b"HTTP/1.1") == 1, text


def readable(those, seconds=0):
    """Which of them have something to be read, be it the end; waits for the first one at most so long."""
    poll = select.poll()
    by_number = {one.fileno(): one for one in those}
    for number in by_number:
        poll.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poll.poll(seconds * 1000)]


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


def pipelined_behind_the_last():
    """What follows a request that ends the connection is not answered, and does not take the answer away."""
    with connect() as to:
        to.sendall(GET.replace(HOST, HOST + b"Connection: close\r\n") + GET * 5000)
        text = rest(to)
    assert text.startswith(b"HTTP/1.1 200 ") and text.endswith(b"hello") and text.count(b"HTTP/1.1") == 1, text


def malformed():
    assert status_after(b"\x16\x03\x01 what is this\r\n\r\n") == 400
    assert status_after(b"GET / HTTP/1.1\r\n\r\n") == 400, "without Host"
    assert status_after(b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n") == 400, "two Hosts"
    assert status_after(b"GET / HTTP/9.9\r\n" + HOST + b"\r\n") in (400, 505)
    both = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert status_after(both) == 400, "two lengths"
    assert status_after(b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n") == 400


CHUNKED = b"POST /echo HTTP/1.1\r\nConnection: close\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


def in_morsels():
    """Byte by byte, chunked bodies included, of which one is empty."""
    for chunks, body in ((b"5\r\nhello\r\n6;last=no\r\n world\r\n", b"hello world"), (b"", b"")):
        request = CHUNKED + chunks + b"0\r\n\r\n"
        with connect() as to:
            send_portions(to, (request[at : at + 1] for at in range(len(request))))
            text = rest(to)
        assert text.startswith(b"HTTP/1.1 200 ") and text.endswith(b"\r\n\r\n" + body), text


def trailers():
    """They are no fields, and as long as the fields at most, as is what is said about a chunk."""
    assert status_after(CHUNKED + b"0\r\nHost: other\r\n\r\n") == 200
    without_host = CHUNKED.replace(HOST, b"")
    assert status_after(without_host + b"0\r\n" + HOST + b"\r\n") == 400
    assert status_after(CHUNKED + b"0\r\nX-Long: " + b"x" * 20_000) == 431
    assert status_after(CHUNKED + b"1;long=" + b"x" * 20_000) == 431


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


def drip(on):
    """One more byte, to a server that may have given the connection up; what it said can still be read then."""
    try:
        on.sendall(b"x")
    except (ConnectionResetError, BrokenPipeError):
        pass


def refusal(on):
    """The status of the last answer, also when the connection was reset behind it."""
    text = b""
    try:
        while more := on.recv(65536):
            text += more
    except ConnectionResetError:
        pass
    return int(text.split()[1])


def slow_body():
    """A body that goes on for ever in single bytes is answered with 408 before its end."""
    with connect() as to:
        to.sendall(b"POST /echo HTTP/1.1\r\nContent-Length: 1000000\r\n" + HOST + b"\r\n")
        while not readable([to], 0.01):
            drip(to)
        assert refusal(to) == 408


def idle():
    """Neither a connection that never asks nor one that has asked may stay; nothing is said about it."""
    with connect() as silent:
        assert rest(silent) == b""
    text = b""
    while not text:  # On a busy machine the request may come too late.
        with connect() as kept:
            try:
                kept.sendall(GET)
                text = rest(kept)
            except (ConnectionResetError, BrokenPipeError):
                pass
    assert text.startswith(b"HTTP/1.1 200 ") and text.count(b"HTTP/1.1") == 1, text


def leave(request):
    """Asks for more than the sockets hold and takes nothing: the server gives the connection up."""
    with connect(receive_buffer=4096) as to:
        try:
            while True:
                to.sendall(request)  # A server that waits for ever makes this end in a timeout.
        except (ConnectionResetError, BrokenPipeError):
            return


def leave_answers():
    body = b"x" * 500_000
    leave(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def leave_files():
    leave((b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n") * 1000)


def too_many():
    """Of two allowed: the third waits while both are served, and gets its turn when one ends."""
    with connect() as first, connect() as second:
        ask(first)
        ask(second)
        with connect() as third:
            third.sendall(GET)
            for _ in range(200):
                ask(first)
                ask(second)
                assert not readable([third])
            first.close()
            text = b""
            while not text.endswith(b"hello"):
                more = third.recv(65536)
                assert more, text
                text += more
            ask(third)
            ask(second)


def slow_loris():
    """200 heads that go on for ever, a byte now and then; healthy clients are served until the last one is refused."""
    slow = [connect() for _ in range(200)]
    for one in slow:
        one.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
    with connect() as kept:
        while slow:
            ask(kept)
            with connect() as fresh:
                ask(fresh)
            for one in readable(slow, 0.01):
                assert refusal(one) == 408
                one.close()
                slow.remove(one)
            for one in slow:
                drip(one)


globals()[sys.argv[2]]()
