#!/usr/bin/env python3
"""Each stack can be unwound at each instruction of a switch: from the thread's side to the thread's first function, from
the fiber's to the fiber's. gdb steps through the first switches of two fibers.

unwind_test.py [--clang] PROGRAM
--clang: but for the jump itself, and for the instructions behind it that bring registers back; see switch.hpp.
"""
import re
import subprocess
import sys
import tempfile

from session import Problem, SKIPPED, report

STEPS = 900
LEAST_OF_EACH = 100  # So many steps must have been seen on either side.

SCRIPT = f"""
set pagination off
set confirm off
set breakpoint pending on
break bifilar::stackful::fiber::run
run
delete
set scheduler-locking on
python
import gdb
gdb.execute("set print frame-info location")
for step in range({STEPS}):
    gdb.execute("stepi", to_string=True)
    frame = gdb.newest_frame()
    at = frame.pc()
    while frame.older() is not None:
        frame = frame.older()
    text = gdb.selected_inferior().architecture().disassemble(at)[0]["asm"]
    print("ends", frame.name(), "|", text, "|", gdb.frame_stop_reason_string(frame.unwind_stop_reason()))
end
kill
"""


def check(text):
    ends = re.findall(r"^ends (\S+|None) \| (.*) \| (.*)$", text, re.M)
    if not ends and "ptrace: Operation not permitted" in text:
        print("this machine does not let a debugger run a process")
        sys.exit(SKIPPED)
    if len(ends) != STEPS:
        raise Problem(f"{len(ends)} steps in place of {STEPS}:\n{text[-4000:]}")
    fiber = [end for end in ends if re.search(r"jumps::(begin|first_frame)", end[0])]
    thread = [end for end in ends if re.fullmatch(r"(__)?(GI___)?clone3?|start_thread", end[0])]
    for name, asm, reason in ends:
        if "--clang" in sys.argv and re.match(r"jmp +\*0x18\(%rsi\)|mov +0x(8|10)\(%rsi\),%r[bx]", asm):
            continue
        if (name, asm, reason) not in fiber and (name, asm, reason) not in thread:
            raise Problem(f"at {asm}: the stack ends in {name} ({reason})")
    if min(len(fiber), len(thread)) < LEAST_OF_EACH:
        raise Problem(f"{len(fiber)} steps in fibers and {len(thread)} in the worker: it was no switch")


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as file:
        file.write(SCRIPT)
        file.flush()
        done = subprocess.run(["gdb", "-nx", "-q", "-batch", "-x", file.name, sys.argv[-1]], capture_output=True, text=True,
                              timeout=110)
    check(done.stdout + done.stderr)


if __name__ == "__main__":
    sys.exit(report(main))
