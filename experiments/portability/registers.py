# Counts what Boost.Context's jump_fcontext saves on each architecture, from the disassembly, and adds it to the JSON.
#   python3 registers.py JSON ARM64
# The x86-64 library is the installed one, where this is an x86-64 machine; the arm64 one lies below the folder ARM64 (see
# tests/aarch64/fetch). What is not there stays uncounted, with a line that says so.
import json
import pathlib
import re
import subprocess
import sys

LIBRARY = "libboost_context.so.1.81.0"
# What the calling convention wants kept across a call, of what jump_fcontext stores.
GENERAL = {"x86-64": {"rbx", "rbp", "r12", "r13", "r14", "r15"},
           "aarch64": {f"x{n}" for n in range(19, 31)}}
VECTOR = {"x86-64": set(), "aarch64": {f"d{n}" for n in range(8, 16)}}
CONTROL = {"x86-64": r"stmxcsr|fnstcw", "aarch64": r"mrs"}
FRAME = {"x86-64": r"lea\s+-(0x[0-9a-f]+)\(%rsp\),%rsp", "aarch64": r"sub\s+sp, sp, #(0x[0-9a-f]+)"}
STORE = {"x86-64": r"mov\s+%(\w+),(?:0x[0-9a-f]+)?\(%rsp\)|push\s+%(\w+)",
         "aarch64": r"st[rp]\s+(\w+), (?:(\w+), )?\[sp"}


def instructions(objdump, library):
    command = [objdump, "-d", "--no-show-raw-insn", "--disassemble=jump_fcontext", str(library)]
    try:
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        return [], str(error)
    rows = re.findall(r"^\s+[0-9a-f]+:\s+(\S.*?)\s*$", listing, re.M)
    return [row for row in rows if not re.match(r"(nop|endbr|bti|data16|xchg +%ax,%ax)", row)], "no jump_fcontext in it"


def count(name, rows):
    stored = {register for row in rows for match in [re.match(STORE[name], row)] if match
              for register in match.groups() if register}
    frame = [int(match.group(1), 16) for row in rows for match in [re.match(FRAME[name], row)] if match]
    return {
        f"general registers saved by jump_fcontext, {name}": len(stored & GENERAL[name]),
        f"floating-point registers saved by jump_fcontext, {name}": len(stored & VECTOR[name]),
        f"control words saved by jump_fcontext, {name}": sum(1 for row in rows if re.match(CONTROL[name], row)),
        f"bytes stored by jump_fcontext, {name}": frame[0] if frame else 0,
        f"instructions of jump_fcontext, {name}": len(rows),
    }


def main():
    file, arm = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    report = json.loads(file.read_text(encoding="utf-8"))
    for name, objdump, library in [
            ("x86-64", "objdump", pathlib.Path("/usr/lib/x86_64-linux-gnu") / LIBRARY),
            ("aarch64", "aarch64-linux-gnu-objdump", arm / "usr/lib/aarch64-linux-gnu" / LIBRARY)]:
        rows, reason = instructions(objdump, library)
        if rows:
            report["facts"].update(count(name, rows))
        else:
            print(f"registers on {name} stay uncounted: {reason}")
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
