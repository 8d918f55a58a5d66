"""Reads the trace of a server that has served many requests, as a program reads it that is not ours.

    http_trace.py FILE
"""
import json
import sys


def expect(what, fine):
    if not fine:
        raise SystemExit(f"{what} is wrong")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    slices = [one for one in events if one["ph"] == "X"]
    turns = [one for one in slices if one["name"].startswith("http connection #")]
    expect(f"the number of turns of connections, {len(turns)},", len(turns) >= 100)
    expect("a slice before the beginning, or of no length,", all(one["ts"] >= 0 and one["dur"] >= 0 for one in slices))
    expect("the set of workers", {one["args"]["name"] for one in events if one["name"] == "thread_name"} == {"worker 0", "worker 1"})
    # A connection's own slices lie on workers one after the other, never at the same time.
    tasks = {}
    for one in turns:
        tasks.setdefault(one["name"], []).append((one["ts"], one["ts"] + one["dur"]))
    for name, own in tasks.items():
        own.sort()
        expect(f"a turn of {name}, which begins within another,",
               all(before[1] <= after[0] + 0.002 for before, after in zip(own, own[1:])))


main()
