"""An HTTPS server that answers each connection once and ends it as told.  tls_cut.py CERTIFICATE KEY HOW

Prints its port. HOW: whole, short (of its Content-Length), open (no length), headless (ends within the head), each
without close_notify; bye: open, but with it; short-bye: short, but with it."""
import contextlib
import socket
import ssl
import sys

ANSWERS = {
    "whole": b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\nhello",
    "short": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
    "open": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "headless": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
}


def main():
    certificate, key, how = sys.argv[1:]
    answer = ANSWERS[{"bye": "open", "short-bye": "short"}.get(how, how)]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        over, _ = listener.accept()
        over.settimeout(30)
        with context.wrap_socket(over, server_side=True) as stream:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += stream.recv(4096)
            # In two records, so that the head's end is not a record's.
            stream.sendall(answer[:20])
            stream.sendall(answer[20:])
            if how.endswith("bye"):
                with contextlib.suppress(OSError):  # The client may close without its own.
                    stream.unwrap()


main()
