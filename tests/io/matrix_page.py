#!/usr/bin/env python3
"""Runs the matrix of operations over each driver and writes its table, a page of the books.

tests/io/matrix_page.py <test_io of a nightly build> docs/operations-and-failures.md
"""
import collections
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

DRIVERS = ("epoll", "uring", "simulated")
NAMES = {"epoll": "epoll", "uring": "io_uring", "simulated": "the simulated kernel"}
KINDS = ("fates", "real", "planned")
HEAD = """# Each operation and each of its failures

Each operation of `bifilar::io` is a scene: how it starts, what ends it, what its system call can fail with, and which
bytes, descriptors and locks must be where afterwards. A matrix brings each scene into each of its fates, as coroutine
and as fiber, over each driver, and looks whether nothing was lost, left open or destroyed twice, and whether the same
object works again. There is one worker, and a fiber leads it through each case, so that "while it waits" is no matter
of luck.

The fates: it ends at once, or later; cancelled before its first poll, while it waits, after its end, at some moment on
its way, and in a race with what ends it, on both sides; timed out; destroyed in flight; broken before and while it
waits; busy, where a second one is refused. *Real failures* are brought about in the real kernel: a peer that is gone,
a file that is full. *Planned failures* come from the simulated kernel in place of the system call, before the operation
waits and while it waits.

The table is made by

    tests/run --nightly --parts io -R '^io'
    tests/io/matrix_page.py build/release/tests/test_io docs/operations-and-failures.md

which ends with an error where a case fails.

"""


def run(executable, driver):
    with tempfile.NamedTemporaryFile() as told:
        done = subprocess.run([executable, "every_fate_*"], capture_output=True, text=True,
                              env={**os.environ, "BIFILAR_DRIVER": driver, "BIFILAR_MATRIX": told.name})
        if done.returncode != 0:
            sys.exit(f"the matrix fails over {driver}:\n{done.stdout}{done.stderr}")
        return [json.loads(line) for line in pathlib.Path(told.name).read_text().splitlines()]


def gather(executable):
    """Each operation with its cases by driver, and all that was tried with it over any of them."""
    operations = {}
    for driver in DRIVERS:
        for one in run(executable, driver):
            here = operations.setdefault(one["operation"], {"cases": collections.Counter(), **{kind: set() for kind in KINDS}})
            here["cases"][driver] += one["cases"]
            for kind in KINDS:
                here[kind].update(one[kind])
    return operations


def row(name, of):
    failures = [", ".join(sorted(one.partition(";")[0] for one in of[kind])) for kind in ("real", "planned")]
    return f"| {name} | {len(of['fates'])} | " + " | ".join(failures + [f"{of['cases'][d]:,}" for d in DRIVERS]) + " |"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    operations = gather(sys.argv[1])
    fates = sorted(set().union(*(of["fates"] for of in operations.values())))
    whole = sum((of["cases"] for of in operations.values()), collections.Counter())
    lines = [
        f"On {datetime.date.today()}: {len(operations)} operations, {len(fates)} fates, "
        + ", ".join(f"{whole[d]:,} cases over {NAMES[d]}" for d in DRIVERS) + "; no failure.",
        "",
        "| operation | fates | real failures | planned failures | " + " | ".join(NAMES[d] for d in DRIVERS) + " |",
        "|---|---:|---|---|" + "---:|" * len(DRIVERS),
        *(row(name, of) for name, of in sorted(operations.items())),
    ]
    pathlib.Path(sys.argv[2]).write_text(HEAD + "\n".join(lines) + "\n")


main()
