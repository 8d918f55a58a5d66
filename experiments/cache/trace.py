# Counts the cache lines that one resume and suspend touches, from Valgrind's memory trace, and adds them to the JSON.
#   python3 trace.py PROGRAM JSON
# A line is 64 bytes. A task's own lines are those that the next but one does not touch: direct neighbours may share a
# line, and those further away use other lines of the loop's arrays.
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

LINE = 64
MODELS = {"coroutine": "coroutine", "poll": "virtual poll", "jump": "jump_fcontext", "fiber": "fiber"}


def resumes(program, model):
    """The set of data lines of each resume, in order."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "trace"
        ran = subprocess.run(["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={log}", program, "--trace", model],
                             capture_output=True, text=True, check=True)
        marker = int(ran.stdout.split()[0], 16)
        touched, found, marks = set(), [], 0
        with log.open(encoding="ascii", errors="replace") as trace:
            for row in trace:
                if len(row) < 4 or row[0] != " " or row[1] not in "LSM":
                    continue
                address, _, size = row[3:].partition(",")
                address = int(address, 16)
                if address == marker:
                    if row[1] in "SM":
                        marks += 1
                        if marks > 1:
                            found.append(touched)
                        touched = set()
                    continue
                touched.update(range(address // LINE, (address + int(size) - 1) // LINE + 1))
    return found


def main():
    program, file = sys.argv[1], pathlib.Path(sys.argv[2])
    if shutil.which("valgrind") is None:
        print("no valgrind here: the lines touched per resume stay unmeasured")
        return
    report = json.loads(file.read_text(encoding="utf-8"))
    for model, name in MODELS.items():
        lines = resumes(program, model)
        own = [len(one - other) for one, other in zip(lines, lines[2:])]
        report["facts"][f"lines touched per resume, {name}"] = statistics.median(len(one) for one in lines)
        report["facts"][f"lines of its own per resume, {name}"] = statistics.median(own)
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
