# Counts the instructions of one resume and suspend under Valgrind, and adds them to the JSON.
#   python3 instructions.py PROGRAM JSON
# The loop around it is in each figure. "empty loop" is what that takes by itself: whose turn it is, in a ring that has
# only two, and the count. A resume and suspend alone is the difference of the two.
import json
import pathlib
import re
import shutil
import subprocess
import sys

MODELS = {"coroutine": "coroutine handle", "poll": "virtual poll", "jump": "jump_fcontext", "copy": "copy of a pointer",
          "empty": "empty loop"}
TURNS = 100_000


def instructions(program, model, turns):
    """All that the process executes, from its first to its last."""
    ran = subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", program,
                          "--count", model, str(turns)], capture_output=True, text=True, check=True)
    return int(re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr).group(1).replace(",", ""))


def main():
    program, file = sys.argv[1], pathlib.Path(sys.argv[2])
    report = json.loads(file.read_text(encoding="utf-8"))
    for model, name in MODELS.items():
        fact = f"instructions per resume, {name}"
        if shutil.which("valgrind") is None:
            report.setdefault("refused_facts", {})[fact] = "there is no valgrind here, which counts them"
            continue
        more = instructions(program, model, 2 * TURNS) - instructions(program, model, TURNS)
        report["facts"][fact] = round(more / TURNS, 1)
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
