# Counts the misses of one resume and suspend in Valgrind's simulated caches, and adds them to the JSON.
#   python3 misses.py PROGRAM JSON
# The difference of two runs, so that what comes before the loop cancels. The sizes are fixed: machines can be compared.
import json
import pathlib
import re
import shutil
import subprocess
import sys

MODELS = {"poll": "virtual poll", "coroutine": "coroutine", "jump": "jump_fcontext"}
TASKS = [10, 1_000, 10_000]
TURNS = 50_000  # Whole rounds of each number of tasks.
LINE, FIRST_BYTES, FIRST_WAYS, LAST_BYTES, LAST_WAYS = 64, 32 << 10, 8, 1 << 20, 16


def read(text):
    """(misses in the first-level data cache, of data in the last-level cache) as cachegrind's end tells them."""
    def number(kind):
        return int(re.search(rf"{kind} misses:\s+([\d,]+)", text).group(1).replace(",", ""))
    return number("D1 "), number("LLd")


def misses(program, model, tasks, turns):
    ran = subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=yes", f"--D1={FIRST_BYTES},{FIRST_WAYS},{LINE}",
                          f"--LL={LAST_BYTES},{LAST_WAYS},{LINE}", "--cachegrind-out-file=/dev/null", program,
                          "--resume", model, str(tasks), str(turns)], capture_output=True, text=True, check=True)
    return read(ran.stderr)


def main():
    program, file = sys.argv[1], pathlib.Path(sys.argv[2])
    report = json.loads(file.read_text(encoding="utf-8"))
    facts, refused = report["facts"], report.setdefault("refused_facts", {})
    for model, name in MODELS.items():
        for tasks in TASKS:
            names = [f"{cache} misses per resume, {name}, {tasks:,} tasks" for cache in ("D1", "LL")]
            if shutil.which("valgrind") is None:
                refused.update({one: "there is no valgrind here, which simulates the caches" for one in names})
                continue
            pairs = zip(names, misses(program, model, tasks, TURNS), misses(program, model, tasks, 2 * TURNS))
            facts.update({one: round((more - few) / TURNS, 2) for one, few, more in pairs})
    facts["simulated first-level data cache, bytes"] = FIRST_BYTES
    facts["simulated last-level cache, bytes"] = LAST_BYTES
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
