"""Plays the cases of a table to a server that speaks the Redis protocol. cases.txt says how the table is written.
play.py ADDRESS TABLE open|password

ADDRESS: HOST:PORT, or the path of a Unix socket."""
import pathlib
import re
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from case_text import as_bytes, parts

ADDRESS, TABLE, KIND = sys.argv[1:]
PASSWORD = "foobared"
PATIENCE_S = 30


def is_answer(wanted, got):
    """None where it may still become one."""
    for part in parts(wanted):
        if isinstance(part, range):
            digits = re.match(rb"\d+", got)
            if digits is None or digits.end() == len(got):
                return None if got.isdigit() or not got else False
            if int(digits[0]) not in part:
                return False
            got = got[digits.end():]
        elif got.startswith(part):
            got = got[len(part):]
        else:
            return None if part.startswith(got) else False
    return not got


class Client:
    def __init__(self):
        if "/" in ADDRESS:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(ADDRESS)
        else:
            host, port = ADDRESS.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)))
        self.socket.settimeout(PATIENCE_S)

    def send(self, request):
        try:
            self.socket.sendall(as_bytes(request))
        except (BrokenPipeError, ConnectionResetError):
            pass  # It was refused before its end; the answer tells.

    def expect(self, wanted):
        """What came instead; None: what was wanted."""
        got = b""
        while True:
            verdict = is_answer(wanted, got)
            if verdict:
                return None
            received = self.socket.recv(65536) if verdict is None else b""
            if not received:
                return got
            got += received

    def is_closed(self):
        try:
            return self.socket.recv(65536) == b""
        except ConnectionResetError:
            return True


def play(steps):
    """What is wrong; None: nothing."""
    client = Client()
    asked = None
    for kind, text in steps:
        if kind in ">~":
            asked = (kind, text)
            client.send(text)
        elif kind == ".":
            return None if client.is_closed() else "the connection was not closed"
        else:
            until = time.monotonic() + PATIENCE_S
            got = client.expect(text)
            while got and asked[0] == "~" and time.monotonic() < until:
                time.sleep(0.005)
                client.send(asked[1])
                got = client.expect(text)
            if got is not None:
                return f"{asked[1][:300]}\n    wanted {text[:300]}\n    got    {repr(got[:300])[2:-1]}"
    if KIND == "open":
        client.send(r"PING\r\n")
        if client.expect(r"+PONG\r\n") is not None:
            return "more came than was wanted"
    return None


def cases():
    """Pairs of a promise and its steps."""
    kind, promise, steps = "open", None, []
    for line in [*open(TABLE, encoding="utf-8").read().split("\n"), "// end"]:
        if line.startswith("// ") or line.startswith("@ "):
            if steps and kind == KIND:
                yield promise, steps
            promise, steps = line[3:], []
            kind = line[2:] if line.startswith("@ ") else kind
        elif line and not line.startswith("#"):
            steps.append((line[0], line[2:]))


count = failed = 0
for promise, steps in cases():
    clean = Client()
    if KIND == "password":
        clean.send(rf"AUTH {PASSWORD}\r\n")
        assert clean.expect(r"+OK\r\n") is None
    clean.send(r"FLUSHALL\r\n")
    assert clean.expect(r"+OK\r\n") is None
    wrong = play(steps)
    count += 1
    if wrong is not None:
        failed += 1
        print(f"{promise}\n    {wrong}")
print(f"{count - failed} of {count} cases")
sys.exit(1 if failed or not count else 0)
