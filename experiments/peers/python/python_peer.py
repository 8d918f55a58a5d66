#!/usr/bin/python3
"""The same workloads in Python's asyncio. One run, one sample: prints {"value": ..., "answer": n, "also": {...}}.
Usage: python_peer WORKLOAD NUMBERS; the workloads are listed at the end, with what their numbers are.
Uses nothing but the standard library; memory is read from /proc."""
import asyncio
import gc
import json
import sys
import time


def refuse(why):
    """Ends the process: the caller asked for what there is not."""
    print(f"python_peer: {why}", file=sys.stderr)
    sys.exit(2)


def report(value, answer, also=None):
    print(json.dumps({"value": value, "answer": answer, "also": also or {}}))


def bytes_after(file, key):
    with open(file, encoding="ascii") as lines:
        for line in lines:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return refuse(f"{file} has no line {key}")


def memory():
    """Resident bytes, and those of page tables."""
    return bytes_after("/proc/self/smaps_rollup", "Rss:"), bytes_after("/proc/self/status", "VmPTE:")


class Meeting:
    """Tasks that all wait for one event."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.arrived = 0
        self.left = 0

    async def visit(self):
        self.arrived += 1
        await self.gate.wait()
        self.left += 1


async def meet(tasks):
    """Starts as many as `tasks` has places, and returns once all of them wait."""
    at = Meeting()
    for i in range(len(tasks)):
        tasks[i] = asyncio.create_task(at.visit())
    while at.arrived != len(tasks):
        await asyncio.sleep(0)
    return at


async def release(at, tasks):
    at.gate.set()
    for one in tasks:
        await one
    return at.left


async def waiting(count):
    few = [None] * 64
    await release(await meet(few), few)
    tasks = [None] * count
    gc.collect()
    resident, tables = memory()
    at = await meet(tasks)
    resident_after, tables_after = memory()
    resident, tables = resident_after - resident, tables_after - tables
    also = {
        "resident_bytes": resident / count,
        "page_table_bytes": tables / count,
        "resident_total_mb": resident / 1e6,
    }
    report((resident + tables) / count, await release(at, tasks), also)


async def run_through(count):
    ended = 0

    async def one():
        nonlocal ended
        ended += 1

    for task in [asyncio.create_task(one()) for _ in range(64)]:
        await task
    ended = 0
    gc.collect()
    with open("/proc/self/clear_refs", "w", encoding="ascii") as reset:
        reset.write("5")  # The peak begins anew.
    before = bytes_after("/proc/self/status", "VmHWM:")
    for task in [asyncio.create_task(one()) for _ in range(count)]:
        await task
    grown = bytes_after("/proc/self/status", "VmHWM:") - before
    report(grown / count, ended, {"resident_total_mb": grown / 1e6})


WARM = 2  # Rounds that are not timed.


async def yields(tasks, rounds):
    turns = start = end = 0

    async def one(first):
        nonlocal turns, start, end
        for done in range(WARM + rounds + 1):
            if WARM <= done < WARM + rounds:
                turns += 1
            if first and done == WARM:
                start = time.perf_counter_ns()
            if first and done == WARM + rounds:
                end = time.perf_counter_ns()
            await asyncio.sleep(0)

    for task in [asyncio.create_task(one(i == 0)) for i in range(tasks)]:
        await task
    report((end - start) / (tasks * rounds), turns)


def generators(tasks, rounds):
    turns = 0

    def one():
        nonlocal turns
        while True:
            turns += 1
            yield

    all_of_them = [one() for _ in range(tasks)]

    def go_round(times):
        for _ in range(times):
            for each in all_of_them:
                next(each)

    go_round(WARM)
    turns = 0
    start = time.perf_counter_ns()
    go_round(rounds)
    report((time.perf_counter_ns() - start) / (tasks * rounds), turns)


async def sequential(count):
    async def one():
        return 1

    async def once():
        total = 0
        start = time.perf_counter_ns()
        for _ in range(count):
            total += await asyncio.create_task(one())
        return (time.perf_counter_ns() - start) / count, total

    cold, _ = await once()
    warm, total = await once()
    report(warm, total, {"cold_ns": cold})


async def concurrent(count):
    async def once():
        total = 0

        async def one():
            nonlocal total
            total += 1

        start = time.perf_counter_ns()
        for task in [asyncio.create_task(one()) for _ in range(count)]:
            await task
        return (time.perf_counter_ns() - start) / count, total

    cold, _ = await once()
    warm, total = await once()
    report(warm, total, {"cold_ns": cold})


def depth():
    """Coroutines that await each other until the interpreter refuses; then as deep once more, to check the result."""
    deepest = 0

    async def down(calls, last):
        nonlocal deepest
        deepest = calls
        if calls == last:
            return 1
        return await down(calls + 1, last) * 3 + calls

    async def until(last):
        try:
            return await down(1, last)
        except RecursionError:
            return None

    asyncio.run(until(0))
    reached = deepest
    got = asyncio.run(until(reached))
    expected = 1
    for calls in range(reached - 1, 0, -1):
        expected = expected * 3 + calls
    report(reached, int(got == expected), {"limit_calls": sys.getrecursionlimit()})


async def waits(count, milliseconds):
    async def one():
        await asyncio.sleep(milliseconds / 1000)
        return 1

    start = time.perf_counter_ns()
    ended = sum(await asyncio.gather(*[one() for _ in range(count)]))
    report((time.perf_counter_ns() - start) / 1e6, ended)


# Name: how many numbers it takes, what runs it.
WORKLOADS = {
    "waiting": (1, lambda tasks: asyncio.run(waiting(tasks))),
    "run_through": (1, lambda tasks: asyncio.run(run_through(tasks))),
    "yield": (2, lambda tasks, rounds: asyncio.run(yields(tasks, rounds))),
    "generator": (2, generators),
    "sequential": (1, lambda tasks: asyncio.run(sequential(tasks))),
    "concurrent": (1, lambda tasks: asyncio.run(concurrent(tasks))),
    "depth": (0, depth),
    "waits": (2, lambda tasks, milliseconds: asyncio.run(waits(tasks, milliseconds))),
}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in WORKLOADS:
        refuse("name one of " + ", ".join(WORKLOADS))
    numbers, run = WORKLOADS[sys.argv[1]]
    if len(sys.argv) != 2 + numbers or not all(word.isdecimal() for word in sys.argv[2:]):
        refuse(f"{sys.argv[1]} takes {numbers} numbers")
    run(*map(int, sys.argv[2:]))


main()
