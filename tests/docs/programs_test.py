"""Runs the programs of the pages that say what they print, and compares.

programs_test.py <docs_programs> <programs.json> [name of a program that is left out]...
"""
import difflib
import json
import pathlib
import subprocess
import sys

LIMIT_SECONDS = 60

executable, programs, left_out = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text()), sys.argv[3:]
if unknown := set(left_out) - {program["name"] for program in programs}:
    sys.exit("there is no program " + ", ".join(unknown))
programs = [program for program in programs if program["name"] not in left_out]
failed = 0
for program in programs:
    where = f"{program['page']}:{program['line']}"
    try:
        done = subprocess.run([executable, program["name"], *program["arguments"]], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"{where}: the program had not ended after {LIMIT_SECONDS} seconds")
        failed += 1
        continue
    expected, printed = program["output"].rstrip().split("\n"), done.stdout.rstrip().split("\n")
    expected, printed = [[line.rstrip() for line in lines] for lines in (expected, printed)]
    if printed != expected or done.returncode != 0:
        failed += 1
        print(f"{where}: does not print what the page says (it ended with {done.returncode})")
        print("\n".join(difflib.unified_diff(expected, printed, "the page", "the program", lineterm="")))
        print(done.stderr, end="")
print(f"{len(programs)} programs run, {failed} failed")
sys.exit(1 if failed else 0)
