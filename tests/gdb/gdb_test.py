#!/usr/bin/env python3
"""What gdb says of planted tasks, in a live process and in a core file, line by line against the program's source.

gdb_test.py [--no-variables] PROGRAM SOURCE [live|core|kernel_core ...]
--no-variables: the compiler tells none of a suspended coroutine, as clang 19 where it optimizes.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from session import Problem, expect, gdb, refuse, report


def lines_of(source):
    """Where each place lies that a comment names: `// at: inner` -> planted.cpp:35."""
    found = {}
    for number, line in enumerate(pathlib.Path(source).read_text().splitlines(), 1):
        match = re.search(r"// at: (\S+)$", line)
        if match:
            found[match.group(1)] = f"{pathlib.Path(source).name}:{number}"
    return found


COMMANDS = ["bifilar tasks", "bifilar wait-graph", "bifilar bt chain", "bifilar bt timed", "bifilar bt deep",
            "info locals", "up 2", "print local", "print $_as_string(level)", "backtrace -3", "bifilar leave",
            "bifilar bt first", "bifilar bt second", "bifilar bt sender", "bifilar bt napper", "bifilar bt lost",
            "bifilar bt joiner", "bifilar bt spinner", "bifilar bt turner", "bifilar workers", "bifilar task chain",
            "bifilar frame chain 1", "bifilar frame deep 8", "print planted::left", "print planted::full",
            "bifilar bt nobody"]


def check(answers, at):
    """The truth, as the source has it."""
    said = dict(zip(COMMANDS, answers))
    check_list(said["bifilar tasks"])
    expect(said["bifilar bt chain"], re.compile(r'task \d+ "chain": coroutine, parked'), "waits for bifilar::sleep",
           re.compile(r"sleep 0x[0-9a-f]+ \(due .*\)"), f"#0  planted::inner(int) at {at['inner']}",
           f"#1  planted::middle(int) at {at['middle']}", f"#2  planted::outer(int) at {at['outer']}")
    expect(said["bifilar bt timed"], "polls a coroutine:", re.compile(rf"#0  planted::.*(lambda|\$_0).* at {at['timed']}"),
           "polls a coroutine:", f"#0  planted::inner(int) at {at['inner']}",
           f"#1  planted::middle(int) at {at['middle']}")
    check_deep(said, at)
    expect(said["bifilar bt first"], re.compile(r"mutex 0x[0-9a-f]+"), f"#0  planted::first() at {at['first']}")
    expect(said["bifilar bt second"], re.compile(rf"#\d+  planted::second \(\) at {at['second']}"))
    expect(said["bifilar bt sender"],
           re.compile(r"channel 0x[0-9a-f]+ \(send, 1 of 1 values, 1 senders and 0 receivers wait\)"),
           f"#0  planted::sender() at {at['sender']}")
    expect(said["bifilar bt napper"], re.compile(r"sleep 0x.*"), re.compile(rf"#\d+  planted::napper \(\) at {at['napper']}"))
    expect(said["bifilar bt lost"], "waits for planted::lost_wake", f"#0  planted::lost() at {at['lost']}")
    expect(said["bifilar bt joiner"], re.compile(r'task \d+ "chain"'),
           re.compile(rf"#0  planted::joiner\(.*\) at {at['joiner']}"))
    check_running(said, at)
    known = () if "--no-variables" in sys.argv else ("number = 4", 'word = "kept"')
    expect(said["bifilar task chain"], f"#1  planted::middle(int) at {at['middle']}", *known)
    expect(said["bifilar frame chain 1"], f"#1  planted::middle(int) at {at['middle']}", *known)
    expect(said["print planted::left"], re.compile(r"\$\d+ = locked, 1 wait"))
    expect(said["print planted::full"], re.compile(r"\$\d+ = 1 of 1 values, 1 senders and 0 receivers wait"))
    check_graph(said["bifilar wait-graph"], at)


def check_list(text):
    tasks = {"chain": "coroutine parked sleep", "joiner": "coroutine parked join_handle", "timed": "call parked bound_call",
             "deep": "fiber parked channel::recv_future", "first": "coroutine parked mutex::lock_future",
             "second": "fiber parked mutex::lock_future", "sender": "coroutine parked channel::send_future",
             "napper": "fiber parked sleep", "lost": "coroutine parked planted::lost_wake",
             "spinner": "fiber runs on worker", "turner": "coroutine runs on worker"}
    for name, words in tasks.items():
        row = [line for line in text.splitlines() if re.search(rf" {name} \S*planted.cpp:\d+$", line)]
        if len(row) != 1 or not re.search(r"\s+".join(map(re.escape, words.split())), row[0]):
            raise Problem(f"{name} is not listed as {words}:\n{text}")
    if len(text.splitlines()) != len(tasks) + 2:  # The first line, and the root.
        raise Problem(f"not {len(tasks) + 1} tasks:\n{text}")


def check_deep(said, at):
    """Four frames of one function, one in the other, with locals of their own."""
    frames = [re.compile(rf"#\d+  planted::step \(level=({level}|<optimized out>)\) at {at['step'] if level else at['step.0']}")
              for level in range(4)]
    expect(said["bifilar bt deep"], re.compile(r"channel 0x.* \(recv, 0 of 1 values, 0 senders and 1 receivers wait\)"),
           *frames, re.compile(rf"#\d+  planted::deep \(\) at {at['deep']}"), re.compile(r"frame \d+ is selected; .*"))
    expect(said["info locals"], "local = 0")
    expect(said["print local"], re.compile(r"\$\d+ = 14"))
    # To the first function on the fiber's stack.
    expect(said["backtrace -3"], re.compile(r"#\d+ +0x[0-9a-f]+ in bifilar::stackful::fiber_context::jumps::(begin|first_frame).*"))
    refuse(said["backtrace -3"], "corrupt")
    expect(said["bifilar frame deep 8"], re.compile(r"#8 .*planted::step.*"))


def check_running(said, at):
    for name, word in (("spinner", "fiber"), ("turner", "coroutine")):
        text = said[f"bifilar bt {name}"]
        expect(text, re.compile(rf'task \d+ "{name}": {word}, runs on worker \d'), re.compile(r"thread \d+:"),
               re.compile(r"#0 .* in planted::spin\(\).*|#0  planted::spin\(\).*"),
               re.compile(rf"#1 .*planted::{name}.* \(.*\) .*at {at[name]}"))
        refuse(text, "corrupt")
    # A running fiber's stack ends where the fiber began.
    expect(said["bifilar bt spinner"],
           re.compile(r"#\d+ +0x[0-9a-f]+ in bifilar::stackful::fiber_context::jumps::(begin|first_frame).*"))
    rows = said["bifilar workers"].splitlines()[1:]
    for name in ("spinner", "turner"):
        if not any(re.match(rf'1\.\d +\d+ \(LWP \d+\) +\w+ +task \d+ "{name}"', row) for row in rows):
            raise Problem(f"no worker runs {name}:\n{said['bifilar workers']}")


def check_graph(text, at):
    expect(text, re.compile(r'task \d+ "joiner" waits for task \d+ "chain"'))
    expect(text, re.compile(r'task \d+ "first" waits for mutex 0x[0-9a-f]+, held by task \d+ "second"(, it seems.*)?'))
    expect(text, re.compile(r'task \d+ "second" waits for mutex 0x[0-9a-f]+, held by task \d+ "first"(, it seems.*)?'))
    both = re.compile(r'deadlock(?:, it seems)?: task (\d+) "(first|second)" -> task (\d+) "(first|second)" -> task \1 "\2"')
    expect(text, both)
    expect(text, f"#0  planted::first() at {at['first']}")
    expect(text, re.compile(rf"#\d+  planted::second \(\) at {at['second']}"))
    if len(re.findall("^deadlock", text, re.M)) != 1:
        raise Problem(f"not one deadlock:\n{text}")


def start(program):
    process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    if process.stdout.readline() != "planted\n":
        raise Problem("the program did not come so far")
    # Until the two that are to run do so, and the rest waits.
    for _ in range(100):
        if running_threads(process.pid) == 2:
            break
        time.sleep(0.05)
    time.sleep(0.1)
    return process


def running_threads(pid):
    """How many of its threads the kernel lets run, or would."""
    states = []
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        states.append((thread / "stat").read_text().rsplit(")", 1)[1].split()[0])
    return states.count("R")


def live(program, at):
    process = start(program)
    try:
        check(gdb(["-p", str(process.pid)], COMMANDS), at)
    finally:
        process.kill()
        process.wait()


def core(program, at):
    """The same of a core that gdb saves while the process lives; it goes on, and is not needed any more."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "core")
        process = start(program)
        try:
            saved, = gdb(["-p", str(process.pid)], [f"bifilar gcore {path}"])
            expect(saved, re.compile(r"\S*core, with [\d,]+ pages of stacks"))
        finally:
            process.kill()
            process.wait()
        check(gdb([program, path], COMMANDS), at)


def kernel_core(program, at):
    """The same of a core that the kernel has written, where it writes such files at once."""
    if pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip() not in ("core", "core.%p"):
        print("the kernel gives cores to a program")
        return
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(["sh", "-c", 'ulimit -c unlimited && exec "$0"', program], stdout=subprocess.PIPE,
                                   text=True, cwd=folder)
        try:
            process.stdout.readline()
            time.sleep(0.3)
            process.send_signal(6)
        finally:
            process.wait()
        found = list(pathlib.Path(folder).glob("core*"))
        if not found:
            print("the kernel has written no core")
            return
        check(gdb([program, str(found[0])], COMMANDS), at)


KINDS = {"live": live, "core": core, "kernel_core": kernel_core}


def main():
    program, source, *kinds = [one for one in sys.argv[1:] if not one.startswith("--")]
    for kind in kinds or KINDS:
        print(kind)
        KINDS[kind](os.path.abspath(program), lines_of(source))


if __name__ == "__main__":
    sys.exit(report(main))
