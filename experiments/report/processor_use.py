# Runs a page's program and notes who had the processors meanwhile: the page, others, and the hypervisor (steal).
#   ./python processor_use.py FILE PROGRAM [ARGUMENT…]         Ends as the program does.
# Of the processors that this process may use, from /proc/stat: what the page's processes did not use, others did. The
# kernel counts ticks there and nanoseconds of processes, so a small share of others may be neither's.
import ctypes
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
BUSY = (0, 1, 2, 5, 6)  # user, nice, system, irq, softirq; guests are in user.
STEAL = 7


def used(text, processors):
    """(busy, stolen) seconds since boot of these processors, by /proc/stat."""
    busy = stolen = 0
    for line in text.splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in processors:
            busy += sum(int(ticks[at]) for at in BUSY)
            stolen += int(ticks[STEAL])
    return busy / TICKS, stolen / TICKS


def told(before, after, own, elapsed, processors):
    """What goes into the page's JSON: seconds of processor time, and how many there were to be had."""
    (busy, stolen), (busy_then, stolen_then) = after, before
    return {"available_seconds": round(elapsed * processors, 2), "own_seconds": round(own, 2),
            "others_seconds": round(max(0.0, busy - busy_then - own), 2), "steal_seconds": round(stolen - stolen_then, 2)}


def own_seconds():
    """Of all processes that this one has waited for, with those that they had waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def reap_orphans():
    """Waits for what the program left behind and has ended, so that it counts as its own."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def run(command):
    """(what the program ended with, negative for a signal; what is told)."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    processors = os.sched_getaffinity(0)
    stat = pathlib.Path("/proc/stat")
    before, began = used(stat.read_text(encoding="ascii"), processors), time.monotonic()
    program = subprocess.Popen(command)
    # An interrupt from the terminal reaches the program itself; what ends this process alone is handed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: program.terminate())
    code = program.wait()
    elapsed, after = time.monotonic() - began, used(stat.read_text(encoding="ascii"), processors)
    reap_orphans()
    return code, told(before, after, own_seconds(), elapsed, len(processors))


def main():
    code, use = run(sys.argv[2:])
    pathlib.Path(sys.argv[1]).write_text(json.dumps(use) + "\n", encoding="utf-8")
    if code < 0:  # By the same signal, so that an interrupted run ends and does not go on to the next page.
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
