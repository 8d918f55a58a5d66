"""Conditions on a file that is served: which version a client has, and which part it wants.
http_conditions.py HOST:PORT PATH FILE"""
import email.utils
import os
import socket
import sys

ADDRESS, PATH, FILE = sys.argv[1:]
LONG_AGO = 1_000_000_000


def ask(fields, method="GET"):
    """Status and fields of the answer."""
    host, port = ADDRESS.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 30) as to:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        to.sendall(f"{method} {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n".encode())
        text = b""
        while more := to.recv(65536):
            text += more
    head = text.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(head[0].split()[1]), dict(line.split(": ", 1) for line in head[1:])


def expect(status, *fields, method="GET"):
    got = ask(fields, method)[0]
    assert got == status, f"{method} with {fields}: {got}, expected {status}"


def date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


os.utime(FILE, (LONG_AGO, LONG_AGO))
first = ask([])[1]
tag, modified = first["ETag"], first["Last-Modified"]
assert tag[0] == '"' and modified == date(LONG_AGO), first
part = ("Range", "bytes=1-3")

# A part of another version is not put together with this one.
expect(206, part)
expect(206, part, ("If-Range", tag))
expect(206, part, ("If-Range", modified))
expect(200, part, ("If-Range", '"other"'))
expect(200, part, ("If-Range", "W/" + tag))
expect(200, part, ("If-Range", date(LONG_AGO - 1)))
expect(200, part, ("If-Range", date(LONG_AGO + 1)))
expect(200, part, ("If-Range", "yesterday"))
expect(206, ("Range", "Bytes=1-3"))
expect(200, part, method="HEAD")  # Ranges are for GET.

# A tag says more than a date.
expect(304, ("If-None-Match", tag))
expect(304, ("If-None-Match", "W/" + tag))
expect(304, ("If-None-Match", f'"a,b", {tag}, "c"'))
expect(304, ("If-None-Match", '"a"'), ("If-None-Match", tag))
expect(304, ("If-None-Match", "*"))
expect(200, ("If-None-Match", '"other"'), ("If-Modified-Since", modified))
expect(200, ("If-None-Match", tag[1:]), ("If-Modified-Since", modified))
expect(304, ("If-None-Match", tag), ("If-Modified-Since", date(0)))
expect(304, ("If-None-Match", tag), part)
expect(304, ("If-Modified-Since", modified))
expect(304, ("If-Modified-Since", "Sunday, 09-Sep-01 01:46:40 GMT"))
expect(304, ("If-Modified-Since", "Sun Sep  9 01:46:40 2001"))
expect(200, ("If-Modified-Since", date(LONG_AGO - 1)))
expect(200, ("If-Modified-Since", "yesterday"))
assert ask([("If-None-Match", tag)])[1]["ETag"] == tag

expect(200, ("If-Match", tag))
expect(200, ("If-Match", "*"))
expect(412, ("If-Match", '"other"'))
expect(412, ("If-Match", "W/" + tag))
expect(412, ("If-Match", '"other"'), ("If-Unmodified-Since", modified))
expect(200, ("If-Unmodified-Since", modified))
expect(412, ("If-Unmodified-Since", date(LONG_AGO - 1)))

# The same size and the same second, but not the same version.
os.utime(FILE, ns=(0, LONG_AGO * 10**9 + 1))
assert ask([])[1]["ETag"] != tag
expect(200, part, ("If-Range", tag))
# What has just changed may change again without a trace.
os.utime(FILE)
young = ask([])[1]["ETag"]
assert young.startswith('W/"'), young
expect(200, part, ("If-Range", young))
os.utime(FILE, (LONG_AGO, LONG_AGO))
