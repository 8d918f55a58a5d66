"""Runs tests with one mutant on, and tells whether any of them noticed."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# What runs over both drivers, and over a simulated one as well.
BOTH = {"drivers", "io", "runtime", "both", "stress"}
SIMULATED = {"drivers", "io"}
# A test that takes so many times as long as without mutants, and this many seconds more, hangs.
SLOWER, MORE_SECONDS = 8, 8


@dataclass(frozen=True)
class Case:
    """One test of one executable over one driver."""

    part: str
    name: str
    driver: str = ""

    def __str__(self):
        return f"{self.part}: {self.name}" + (f" over {self.driver}" if self.driver else "")


def program_of(tests, part):
    return tests / "tests" / f"test_{part}"


def cases_of(tests, part):
    # Catch2 ends with the number of tests there.
    listed = subprocess.run([program_of(tests, part), "--list-test-names-only"], capture_output=True, text=True, timeout=60).stdout
    drivers = ("epoll", "uring") if part in BOTH else ("",)
    if part in SIMULATED:
        drivers += ("simulated",)
    return [Case(part, name.strip(), driver) for name in listed.splitlines() if name.strip() for driver in drivers]


def filter_of(names):
    """For Catch2, which takes a comma for the end of a name, and then runs nothing and is content."""
    return ",".join('"' + re.sub(r'([\\,\[\]"])', r"\\\1", name) + '"' for name in names)


def run(tests, part, names, driver, seconds, extra):
    """Status (0 for passed, None for too long) and output of some tests of one executable."""
    environment = dict(os.environ, BIFILAR_SHORT_TESTS="1", **extra)
    if driver:
        environment["BIFILAR_DRIVER"] = driver
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as output:
        program = subprocess.Popen(
            [program_of(tests, part), filter_of(names), "--abort"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=folder, start_new_session=True)
        try:
            status = program.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(program.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        program.wait()
        output.seek(0)
        text = output.read()
        if re.search("^(Invalid Filter|No tests ran)", text, re.M):
            raise SystemExit(f"Catch2 does not find a test of {part} among {', '.join(names)}")
        return status, text


def learn(tests, parts, jobs, model_seconds, kept):
    """Which mutants each test comes by and how long it takes without any: {case: (seconds, numbers)}. What a run
    before has learned of the same executable is taken from the file `kept`."""
    old = json.loads(kept.read_text()) if kept.exists() else {}
    stamps = {part: f"{program_of(tests, part).stat().st_mtime_ns} {model_seconds}" for part in parts}
    known, wanted = {}, []
    for part in parts:
        entries = old.get(part, {})
        if entries.get("stamp") == stamps[part]:
            known |= {Case(*case): (seconds, frozenset(seen)) for *case, seconds, seen in entries["cases"]}
        else:
            wanted += cases_of(tests, part)

    def one(case):
        with tempfile.TemporaryDirectory() as folder:
            seen = Path(folder) / "seen"
            began = time.monotonic()
            status, _ = run(tests, case.part, [case.name], case.driver, 300,
                            {"BIFILAR_MUTANTS_SEEN": str(seen), "BIFILAR_MODEL_SECONDS": str(model_seconds)})
            took = time.monotonic() - began
            numbers = frozenset(int(line) for line in seen.read_text().split()) if seen.exists() else frozenset()
            return case, status, took, numbers

    with ThreadPoolExecutor(jobs) as pool:
        for case, status, took, numbers in pool.map(one, wanted):
            if status != 0:
                print(f"left out, because it fails without any mutant: {case}", flush=True)
            elif numbers:
                known[case] = (took, numbers)
    stored = {part: {"stamp": stamps[part],
                     "cases": [[case.part, case.name, case.driver, seconds, sorted(numbers)]
                               for case, (seconds, numbers) in known.items() if case.part == part]}
              for part in parts}
    kept.write_text(json.dumps(stored))
    return known


def suspects(mutant, known, fame):
    """The tests that come by a mutant: those that noticed its neighbours first, then those that see the least else.
    On this machine's strong memory nothing but a model can tell a weaker order, or that a fence is missing."""
    models_only = mutant.group in ("order", "fence")
    fitting = [case for case, (_, numbers) in known.items()
               if mutant.number in numbers and (case.part == "model" or not models_only)]
    return sorted(fitting, key=lambda case: (-fame.get((mutant.path, case), 0), len(known[case][1]) * (1 + known[case][0])))


def groups(cases, known, seconds):
    """Tests of one executable and driver that take about `seconds` together, in the given order."""
    open_groups, done = {}, []
    for case in cases:
        key = (case.part, case.driver)
        group = open_groups.setdefault(key, [])
        if not group:
            done.append(group)
        group.append(case)
        if sum(known[each][0] for each in group) >= seconds:
            del open_groups[key]
    return done


def who_noticed(output, group):
    found = re.search(r"^-{70,}\n(.+)\n", output, re.M)  # Long names go on in the next line.
    return str(next((case for case in group if found and case.name.startswith(found[1])), group[0]))


def try_one(tests, mutant, known, fame, budget, model_seconds):
    """("killed", by whom) or ("survived", how much was tried) or ("unseen", "")."""
    fitting = suspects(mutant, known, fame)
    if not fitting:
        return "unseen", ""
    spent, tried = 0.0, 0
    extra = {"BIFILAR_MUTANT": str(mutant.number), "BIFILAR_MODEL_SECONDS": str(model_seconds)}
    for group in groups(fitting[:2], known, 0) + groups(fitting[2:], known, 1.0):
        usual = sum(known[case][0] for case in group)
        if spent > budget:
            return "survived", f"{tried} of {len(fitting)} tests"
        began = time.monotonic()
        status, output = run(tests, group[0].part, [case.name for case in group], group[0].driver,
                             SLOWER * usual + MORE_SECONDS, extra)
        spent += time.monotonic() - began
        tried += len(group)
        if status != 0:
            who = who_noticed(output, group)
            for case in group:
                if str(case) == who:
                    fame[mutant.path, case] = fame.get((mutant.path, case), 0) + 1
            return "killed", who + (" (hangs)" if status is None else "")
    return "survived", f"all {tried} tests"
