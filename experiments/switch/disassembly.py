# Counts the instructions and the saved registers of Boost.Context's jump_fcontext, and adds them to the JSON.
# Looks also whether the parts of a switch save the registers that their names say, and fails where they do not.
#   python3 disassembly.py PROGRAM JSON
# Reads the shared library that the program loads; x86-64 only.
import json
import pathlib
import re
import subprocess
import sys

KEPT = {"%rbx", "%rbp", "%r12", "%r13", "%r14", "%r15"}


# What each pair of loops in switch/parts.cpp saves; a function has a prologue of six and three places that switch.
PARTS = {"switch_stack_pointer": 0, "switch_six_registers": 6, "switch_control_words": 6, "switch_simd_state": 6}


def instructions_of(symbol, source):
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={symbol}", source],
                             capture_output=True, text=True, check=True).stdout
    return re.findall(r"^\s+[0-9a-f]+:\s+(\S.*?)\s*$", listing, re.M)


def check_parts(program):
    for symbol, said in PARTS.items():
        rows = instructions_of(symbol, program)
        pushed = sum(1 for row in rows if row.startswith("push") and row.split()[1] in KEPT)
        if rows and pushed != 6 + 3 * said:
            sys.exit(f"{symbol} saves {(pushed - 6) / 3} registers in a switch; its name says {said}")


def main():
    program, file = sys.argv[1], pathlib.Path(sys.argv[2])
    loaded = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    check_parts(program)
    found = re.search(r"=> (\S*libboost_context\S*)", loaded)
    source = found.group(1) if found else program
    rows = instructions_of("jump_fcontext", source)
    body = [row for row in rows if not re.match(r"(nop|endbr|data16|xchg +%ax,%ax)", row)]
    saved = {row.split()[1].split(",")[0] for row in body if re.match(r"mov\s+%\w+,(0x[0-9a-f]+)?\(%rsp\)", row)}
    saved |= {row.split()[1] for row in body if row.startswith("push")}
    if not body:
        print("no disassembly of jump_fcontext here: its registers stay uncounted")
        return
    report = json.loads(file.read_text(encoding="utf-8"))
    report["facts"]["registers saved by jump_fcontext"] = len(saved & KEPT)
    report["facts"]["instructions of jump_fcontext"] = len(body)
    report["facts"]["control words saved by jump_fcontext"] = sum(1 for row in body if re.match(r"(stmxcsr|fnstcw)", row))
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
