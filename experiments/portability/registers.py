# Counts what Boost.Context's jump_fcontext saves on each architecture, from the disassembly. The x86-64 library is the
# installed one, where this is an x86-64 machine; the arm64 one lies below a folder (see tests/aarch64/fetch).
import pathlib
import re
import shutil
import subprocess

LIBRARY = "libboost_context.so.1.81.0"
# What the calling convention wants kept across a call, of what jump_fcontext stores.
GENERAL = {"x86-64": {"rbx", "rbp", "r12", "r13", "r14", "r15"},
           "aarch64": {f"x{n}" for n in range(19, 31)}}
VECTOR = {"x86-64": set(), "aarch64": {f"d{n}" for n in range(8, 16)}}
CONTROL = {"x86-64": r"stmxcsr|fnstcw", "aarch64": r"mrs"}
FRAME = {"x86-64": r"lea\s+-(0x[0-9a-f]+)\(%rsp\),%rsp", "aarch64": r"sub\s+sp, sp, #(0x[0-9a-f]+)"}
STORE = {"x86-64": r"mov\s+%(\w+),(?:0x[0-9a-f]+)?\(%rsp\)|push\s+%(\w+)",
         "aarch64": r"st[rp]\s+(\w+), (?:(\w+), )?\[sp"}
OBJDUMPS = {"x86-64": ("objdump", "binutils"), "aarch64": ("aarch64-linux-gnu-objdump", "binutils-aarch64-linux-gnu")}
PACKAGES = {"x86-64": "libboost-context1.81.0", "aarch64": "libboost-context1.81.0:arm64"}
SAVED, OF_THEM, WORDS, BYTES, COUNT = (
    "registers saved by jump_fcontext", "floating-point registers saved by jump_fcontext",
    "control words saved by jump_fcontext", "bytes stored by jump_fcontext", "instructions of jump_fcontext")


def instructions(name, library):
    """(the instructions of jump_fcontext, why there are none)."""
    objdump, package = OBJDUMPS[name]
    if shutil.which(objdump) is None:
        return [], f"the package {package} is not installed"
    if not library.exists():
        return [], f"the package {PACKAGES[name]} is not installed"
    command = [objdump, "-d", "--no-show-raw-insn", "--disassemble=jump_fcontext", str(library)]
    listing = subprocess.run(command, capture_output=True, text=True).stdout
    rows = re.findall(r"^\s+[0-9a-f]+:\s+(\S.*?)\s*$", listing, re.M)
    return [row for row in rows if not re.match(r"(nop|endbr|bti|data16|xchg +%ax,%ax)", row)], "no jump_fcontext is in it"


def count(name, rows):
    """{fact: number}; the floating-point registers are among those saved."""
    stored = {register for row in rows for match in [re.match(STORE[name], row)] if match
              for register in match.groups() if register}
    frame = [int(match.group(1), 16) for row in rows for match in [re.match(FRAME[name], row)] if match]
    return {SAVED: len(stored & (GENERAL[name] | VECTOR[name])), OF_THEM: len(stored & VECTOR[name]),
            WORDS: sum(1 for row in rows if re.match(CONTROL[name], row)), BYTES: frame[0] if frame else 0, COUNT: len(rows)}


def facts(arm):
    """({fact: number}, {fact: why it cannot be had here}). `arm`: the folder of the arm64 packages."""
    made, refused = {}, {}
    for name, root in (("x86-64", pathlib.Path("/usr/lib/x86_64-linux-gnu")), ("aarch64", arm / "usr/lib/aarch64-linux-gnu")):
        rows, reason = instructions(name, root / LIBRARY)
        numbers = count(name, rows) if rows else {}
        for fact in (SAVED, OF_THEM, WORDS, BYTES, COUNT):
            if fact in numbers:
                made[f"{fact}, {name}"] = numbers[fact]
            else:
                refused[f"{fact}, {name}"] = reason
    return made, refused
