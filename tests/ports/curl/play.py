"""Answers a client as a table says, case by case, and looks at what it makes of the answers. cases.txt says how the table
is written.
play.py TABLE COMMAND...

COMMAND: the client, to which the case's URL is added."""
import pathlib
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from case_text import as_bytes

TABLE, COMMAND = sys.argv[1], sys.argv[2:]
PATIENCE_S = 60


def cases(path):
    """(name, URL's end or None, [(wanted lines, answer, closes)], exit code, output) of each case."""
    case = None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("//"):
            case = {"name": line[3:], "end": None, "wanted": [], "answers": []}
        elif line.startswith("? "):
            case["end"] = line[2:]
        elif line.startswith("> "):
            case["wanted"].append(line[2:])
        elif line.startswith("< "):
            case["answers"].append([case["wanted"], line[2:], False])
            case["wanted"] = []
        elif line == ".":
            case["answers"][-1][2] = True
        elif line.startswith("= "):
            code, _, output = line[2:].partition(" ")
            yield case["name"], case["end"], case["answers"], int(code), as_bytes(output)


def serve(listener, address, answers, wrong):
    """Gives the answers to one request after the other, over as many connections as the client makes."""
    left = list(answers)
    while left:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            peer.settimeout(PATIENCE_S)
            seen = b""
            while left:
                while b"\r\n\r\n" not in seen:
                    try:
                        more = peer.recv(65536)
                    except OSError:
                        more = b""
                    if not more:
                        break
                    seen += more
                if b"\r\n\r\n" not in seen:
                    break
                head, seen = seen.split(b"\r\n\r\n", 1)
                wanted, answer, closes = left.pop(0)
                for line in wanted:
                    if line.replace("ADDRESS", address).encode() not in head.split(b"\r\n"):
                        wrong.append(f"the request has no line '{line}': {head}")
                try:
                    peer.sendall(as_bytes(answer.replace("ADDRESS", address)))
                except OSError:
                    break
                if closes:
                    break


def play(number, case):
    name, end, answers, code, output = case
    wrong = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        server = threading.Thread(target=serve, args=(listener, address, answers, wrong), daemon=True)
        server.start()
        url = f"http://{address}" + (f"/{number}" if end is None else end)
        got = subprocess.run(COMMAND + [url], capture_output=True, timeout=PATIENCE_S, check=False)
        listener.shutdown(socket.SHUT_RDWR)
    server.join(PATIENCE_S)
    if got.returncode != code:
        wrong.append(f"exit code {got.returncode} in place of {code}; it said {got.stderr}")
    if got.stdout != output:
        wrong.append(f"output {got.stdout[:200]} in place of {output[:200]}")
    for what in wrong:
        print(f"{name}: {what}")
    return not wrong


all_cases = list(cases(TABLE))
right = sum(play(number, case) for number, case in enumerate(all_cases, 1))
print(f"{right} of {len(all_cases)} cases")
sys.exit(right != len(all_cases) or not all_cases)
