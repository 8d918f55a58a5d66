#!/usr/bin/env python3
"""The chat server in gdb: its members, where each waits, and for what; live and of a core.

chat_test.py SERVER stackless|stackful
"""
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

from session import ROOT, Problem, expect, gdb, report

SOURCE = ROOT / "examples" / "chat" / "conversation.cpp"
MEMBERS = ("ada", "bob", "cy")


def line_of(text):
    """Where these words are, which are so in one place only."""
    lines = [number for number, line in enumerate(SOURCE.read_text().splitlines(), 1) if text in line]
    if len(lines) != 1:
        raise Problem(f"{text} stands in lines {lines} of {SOURCE}")
    return f"conversation.cpp:{lines[0]}"


PLACES = {
    "stackless": ("co_await bf::timeout(member.read_line(", "co_await bf::select(line, news, stop)"),
    "stackful": ("bf::await(bf::timeout(member.read_line(", "bf::await(bf::select(line, news, stop)"),
}


@contextlib.contextmanager
def server(program, backend):
    """One with three members who have said their names, and one who has not."""
    process = subprocess.Popen([program, "--port", "0", "--name-time", "3600000", "--backend", backend, "--workers",
                                "2"], stdout=subprocess.PIPE, text=True)
    people = []
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        for name in MEMBERS:
            people.append(join(port, name))
        people.append(socket.create_connection(("127.0.0.1", port)))
        # Each has heard of the last, so all wait for what comes next, but for the one without a name.
        for person in people[:-1]:
            hear(person, f"* {MEMBERS[-1]} is here" if person is not people[2] else "* welcome, cy")
        time.sleep(0.2)
        yield process.pid
    finally:
        process.kill()
        process.wait()
        for person in people:
            person.close()


def join(port, name):
    person = socket.create_connection(("127.0.0.1", port))
    person.settimeout(20)
    person.sendall(name.encode() + b"\n")
    hear(person, f"* welcome, {name}", leave=True)
    return person


def hear(person, line, leave=False):
    """Reads until that line; `leave`: looks at it, and leaves it to be read."""
    text = b""
    while line.encode() not in text:
        text = person.recv(4096, socket.MSG_PEEK if leave else 0) if leave else text + person.recv(4096)
        if not text:
            raise Problem(f"the server has ended a connection before {line}")


def check(arguments, backend):
    tasks, groups, graph = gdb(arguments, ["bifilar tasks", "bifilar tasks -group", "bifilar wait-graph"])
    members = [line.split()[0] for line in tasks.splitlines() if re.search(r" member \S+:\d+$", line)]
    if len(members) != len(MEMBERS) + 1:
        raise Problem(f"not {len(MEMBERS) + 1} members:\n{tasks}")
    unnamed, named = (line_of(words) for words in PLACES[backend])
    rows = [re.sub(r"\S*/(?=[\w.]+:\d+)", "", line) for line in groups.splitlines()]
    if not any(re.match(rf"3 .* select_future<.* {named}$", row) for row in rows) or \
       not any(re.match(rf"1 .* timeout_future<.* {unnamed}$", row) for row in rows):
        raise Problem(f"not three members at {named} and one at {unnamed}:\n{groups}")
    waiting = re.compile(r'task \d+ "member" waits for operation 0x[0-9a-f]+ \(recv of descriptor \d+\)')
    expect(graph, *[waiting] * 4)
    expect(graph, *[re.compile(r'task \d+ "member" waits for broadcast 0x[0-9a-f]+')] * 3)
    expect(graph, re.compile(r'task \d+ "member \(accepting\)" waits for operation .*\(accept of descriptor \d+\)'))
    check_stacks(arguments, members, backend, named, unnamed)


def check_stacks(arguments, members, backend, named, unnamed):
    """Each member's chain or frames; and a local of a fiber, which is the member's name."""
    commands = [f"bifilar bt {member}" for member in members]
    if backend == "stackful":
        commands += ["bifilar bt " + members[0], "print name"]
    answers = gdb(arguments, commands)
    at = [re.search(r"conversation\.cpp:\d+", answer) for answer in answers[:len(members)]]
    if sorted(found.group(0) if found else "" for found in at) != sorted([named] * 3 + [unnamed]):
        raise Problem("the members wait elsewhere:\n" + "\n".join(answers))
    function = r"#\d+  chat::converse\(.*\) at .*" if backend == "stackless" else r"#\d+  chat::converse_in_fiber \(.*\) at .*"
    for answer in answers[:len(members)]:
        expect(answer, re.compile(function))
    if backend == "stackful" and not re.search(r'= "(ada|bob|cy)"', answers[-1]):
        raise Problem(f"a local of a fiber: {answers[-1]}")


def main():
    program, backend = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, server(program, backend) as pid:
        check(["-p", str(pid)], backend)
        path = os.path.join(folder, "core")
        gdb(["-p", str(pid)], [f"bifilar gcore {path}"])
        check([program, path], backend)


if __name__ == "__main__":
    sys.exit(report(main))
