"""A gdb with bifilar's commands, and what its answers are compared with."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "gdb" / "bifilar-gdb.py"


class Problem(Exception):
    pass


def gdb(arguments, commands):
    """What each command prints, in order."""
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as file:
        file.write("set python print-stack full\nset width 0\nset height 0\nset pagination off\n"
                   f"set print entry-values no\nsource {SCRIPT}\n")
        for index, command in enumerate(commands):
            file.write(f"echo \\n--{index}--\\n\n{command}\n")
        file.flush()
        done = subprocess.run(["gdb", "-nx", "-q", "-batch", *arguments, "-x", file.name], capture_output=True,
                              text=True, timeout=120)
    if "ptrace: Operation not permitted" in done.stderr + done.stdout:
        print("this machine does not let a debugger look at a process")
        sys.exit(SKIPPED)
    parts = re.split(r"\n--\d+--\n", done.stdout)
    if len(parts) != len(commands) + 1 or "Traceback" in done.stdout + done.stderr:
        raise Problem(f"gdb broke off:\n{done.stdout}\n{done.stderr}")
    return [part.strip("\n") for part in parts[1:]]


def expect(text, *lines):
    """The lines are in the text, one behind the other, whole but for white space around them."""
    given = [re.sub(r"\S*/(?=[\w.]+:\d+)", "", line.strip()) for line in text.splitlines()]
    at = 0
    for line in lines:
        pattern = line if isinstance(line, re.Pattern) else re.compile(re.escape(line))
        while at < len(given) and not pattern.fullmatch(given[at]):
            at += 1
        if at == len(given):
            raise Problem(f"missing: {pattern.pattern}\nin:\n{text}")
        at += 1


def refuse(text, word):
    if word in text:
        raise Problem(f"unexpected: {word}\nin:\n{text}")


def report(test):
    """Exit status of a test that raises a Problem when it fails."""
    if shutil.which("gdb") is None:
        print("gdb is not installed")
        return SKIPPED
    try:
        test()
    except Problem as problem:
        print(problem)
        return 1
    return 0
