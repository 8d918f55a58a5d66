"""Answers that http_server never gives, one connection after another: chunked bodies, whole and broken off.
http_chunked.py FOLDER  writes the bodies to FOLDER/body and FOLDER/large and the answer's length to FOLDER/length, and
says where it listens."""
import socket
import struct
import sys

from portions import send_portions

BODY = b"hello\r\n0\r\n\r\nworld" + bytes(range(100, 140))
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"


def chunk(data, extension=b"", size="%x"):
    return (size % len(data)).encode() + extension + b"\r\n" + data + b"\r\n"


LAST = b'000;end="a \\" b"\r\nX-Sum: 1\r\nLocation: /nowhere\r\n\r\n'
CHUNKS = chunk(BODY[:1], b";name") + chunk(BODY[1:17], b';name=value;quoted="a;b"', "%04X") + chunk(BODY[17:]) + LAST
WHOLE = HEAD + CHUNKS
BAD = {
    "size": HEAD + b"xyz\r\n",
    "negative": HEAD + b"-5\r\nhello\r\n0\r\n\r\n",
    "huge": HEAD + b"F" * 17 + b"\r\n",
    "end": HEAD + b"5\r\nhelloworld\r\n0\r\n\r\n",
    "extension": HEAD + b"5;=\r\nhello\r\n0\r\n\r\n",
    "two_lengths": HEAD.replace(b"Trailer: X-Sum", b"Content-Length: 5") + chunk(b"hello") + LAST,
}
ANNOUNCEMENT = b"HTTP/1.1 100 Continue\r\n\r\n"
accepted = 0


def reset(to):
    """The connection ends by a reset, not in order."""
    to.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def send_for_ever(to, head, more):
    """Until the peer has had enough."""
    to.sendall(head)
    while True:
        to.sendall(more)


def answer(to, path):
    """False: the connection is to be closed."""
    what, _, which = path.strip("/").partition("/")
    if what == "whole":
        to.sendall(WHOLE)
    elif what == "bytes":
        send_portions(to, (WHOLE[at : at + 1] for at in range(len(WHOLE))))
    elif what == "split":
        send_portions(to, (WHOLE[: int(which)], WHOLE[int(which) :]))
    elif what == "large":
        to.sendall(HEAD + b"".join(chunk(BODY * 1000) for _ in range(50)) + LAST)
    elif what == "empty":
        send_portions(to, (HEAD, b"0", b"\r", b"\n", b"\r", b"\n"))
    elif what == "moved":  # No field says where to; a trailer does.
        to.sendall(WHOLE.replace(b"200 OK", b"301 Moved Permanently"))
    elif what == "connections":
        to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d" % (len(str(accepted)), accepted))
    elif what == "cut":
        to.sendall(WHOLE[: int(which)])
        return False
    elif what == "reset":
        send_portions(to, (WHOLE[:-20], b""))  # Nothing is left that the reset could take away.
        reset(to)
        return False
    elif what == "bad":
        to.sendall(BAD[which])
    elif what == "silent":
        to.sendall(WHOLE[:-1])
    elif what == "announced":
        to.sendall(ANNOUNCEMENT * int(which) + WHOLE)
    elif what == "endless_announcements":
        send_for_ever(to, b"", ANNOUNCEMENT)
    elif what == "endless_chunk":
        send_for_ever(to, HEAD + b"5;name=", b"x" * 1000)
    elif what == "endless_trailers":
        send_for_ever(to, HEAD + b"0\r\n", b"X-More: x\r\n" * 100)
    return True


def converse(on):
    """Until either end closes."""
    text = b""
    while more := on.recv(65536):
        text += more
        if text.endswith(b"\r\n\r\n"):
            if not answer(on, text.split()[1].decode()):
                return
            text = b""


if __name__ == "__main__":
    with open(sys.argv[1] + "/body", "wb") as file:
        file.write(BODY)
    with open(sys.argv[1] + "/large", "wb") as file:
        file.write(BODY * 50_000)
    with open(sys.argv[1] + "/length", "w") as file:
        file.write(str(len(WHOLE)))
    listener = socket.create_server(("127.0.0.1", 0))
    print("127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        accepted += 1
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                converse(connection)
            except (ConnectionResetError, BrokenPipeError):
                pass
