"""What the commands print."""
import os
import re
import time

import gdb

from . import code, fibers, graph, layout, memory, tasks, threads, waits

NEVER = (1 << 63) - 1


def place(file, line):
    return f"{os.path.relpath(file) if file and file.startswith(os.getcwd() + '/') else file}:{line}" if file else "??"


def shorten(name, longest=60):
    """A type's name without what all of them have, and not too long for a table."""
    name = name.replace("bifilar::detail::", "").replace("bifilar::", "")
    name = re.sub(r"^channel_core<.*>::(?=\w+$)", "channel::", name)
    return name if len(name) <= longest else name[:longest - 1] + "…"


def wait_name(task):
    """What a task waits for, in a word for a table; of a fiber without a walk over its stack where that can be."""
    if not task.is_parked:
        return ""
    if task.model == "fiber":
        known = layout.fiber_waits_on(layout.fiber_of(task.header, task.place))
        if known is not None:
            return shorten(known) or "not started"
    if task.model == "coroutine":
        chain = waits.chain_of(task)
        if not chain.started:
            return "not started"
    future = waits.awaited(task)
    if task.model in ("future", "call"):
        # What the coroutine waits for that it polls, where there is one.
        chains = waits.look(future)[1]
        if len(chains) == 1:
            future = chains[0].awaited() or future
    return shorten(waits.type_name(future) or "?")


def list_tasks(matching=None):
    found = tasks.all_tasks()
    if not found:
        return "no tasks\n"
    rows = [("task", "address", "model", "state", "waits for", "name, spawned at")]
    for task in found:
        name = " ".join(part for part in (task.name, task.spawned_at()) if part)
        row = (str(task.number), f"{task.header:#x}", task.model, task.state, wait_name(task), name)
        if matching is None or any(matching in part for part in row):
            rows.append(row)
    return table(rows)


def group_tasks():
    """Those that look the same, together: the most first."""
    groups = {}
    for task in tasks.all_tasks():
        key = (task.model, task.state, wait_name(task), where_in(task) if task.is_parked else "")
        groups.setdefault(key, []).append(task.number)
    rows = [("tasks", "one of them", "model", "state", "waits for", "in")]
    for key, numbers in sorted(groups.items(), key=lambda item: -len(item[1])):
        rows.append((str(len(numbers)), str(numbers[0]), *key))
    return table(rows)


def where_in(task):
    """The innermost function of the program in which a parked task waits, with the line."""
    if task.model == "fiber":
        with fibers.Visit(task) as there:
            lines = frame_lines(False).splitlines() if there else []
        return re.sub(r"^  #\d+  | \(.*\)(?= at )", "", lines[0]) if lines else ""
    chain = waits.chain_of(task) or next(iter(waits.look(waits.awaited(task))[1]), None)
    if chain is None:
        return ""
    frame = chain.frames()[0]
    return f"{frame.function()} at {place(*frame.line())}" if chain.started else f"{frame.function()}, not started"


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "".join("  ".join([cell.ljust(width) for cell, width in zip(row, widths)] + [row[-1]]).rstrip() + "\n"
                   for row in rows)


def describe_task(task):
    lines = [f"{task.title()}: {task.model}, {task.state}"]
    lines.append(f"  at {task.header:#x}, of runtime {task.runtime.number}; {task.class_name}")
    if task.spawned_at():
        lines.append(f"  named at {task.spawned_at()}")
    if task.model == "fiber":
        low, top = fibers.stack_range(task)
        saved = fibers.saved_registers(task)
        used = f", {top - saved['rsp']:,} bytes in use" if saved else ""
        lines.append(f"  stack from {low:#x} to {top:#x}: {top - low:,} bytes{used}")
    return "\n".join(lines) + "\n" + waits_text(task) + chain_text(task, True)


def due_text(wait):
    """How long a sleep still takes, where the process runs on this machine."""
    if wait.kind != "sleep" or memory.is_core():
        return str(wait)
    left = memory.number(memory.member(wait.value, "deadline_")) / 1e9 - time.clock_gettime(time.CLOCK_MONOTONIC)
    return f"sleep {wait.address:#x} (due in {left:.1f} s)"


def waits_text(task):
    future = waits.awaited(task)
    name = waits.type_name(future)
    if name is None:
        return ""
    text = f"  waits for {name}\n"
    known = {}
    for wait in waits.look(future)[0]:
        if wait.kind == "join":
            known = known or {one.header: one for one in tasks.all_tasks()}
            other = known.get(wait.address)
            text += f"    {other.title() if other else f'a task at {wait.address:#x} that has completed'}\n"
        else:
            text += f"    {due_text(wait)}\n"
    return text


def chain_text(task, with_variables=False):
    """The coroutines of a task, innermost first, and those that its futures poll."""
    text = ""
    chain = waits.chain_of(task)
    others = waits.look(waits.awaited(task))[1]
    if chain is not None:
        text += frames_text(chain, "  ", with_variables)
    for other in others:
        if chain is not None or len(others) > 1:
            text += "  polls a coroutine:\n"
        text += frames_text(other, "    " if chain is not None or len(others) > 1 else "  ", with_variables)
    return text


def frames_text(chain, indent, with_variables=False):
    text = ""
    for index, frame in enumerate(chain.frames()):
        where = "not started" if not chain.started else f"at {place(*frame.line())}"
        if chain.running and index == 0:
            where = "runs"
        text += f"{indent}#{index}  {frame.function()} {where}\n"
        if with_variables:
            for name, value in frame.variables():
                text += f"{indent}      {name} = {value_text(value)}\n"
    return text


def value_text(value, longest=200):
    try:
        text = value.format_string(max_elements=8, max_depth=3)
    except gdb.error as problem:
        return f"<{problem}>"
    text = " ".join(text.split())
    return text if len(text) <= longest else text[:longest - 1] + "…"


def list_workers():
    found = threads.all_workers()
    at = threads.by_state([worker for _, worker in found])
    by_header = {task.header: task for task in tasks.all_tasks()}
    rows = [("worker", "thread", "driver", "runs", "queued", "stay here", "inbox", "polled")]
    for runtime, worker in found:
        thread = at.get(worker.thread_state)
        name = f"{thread.num} (LWP {thread.ptid[1]})" if thread is not None else "?"
        task = by_header.get(worker.task)
        runs = task.title() if task is not None else "sleeps" if worker.sleeps_until() else "looks for work"
        movable, stays, inbox = worker.queued()
        rows.append((f"{runtime.number}.{worker.index}", name, worker.driver(), runs, str(movable), str(stays),
                     str(inbox), str(worker.counter("polled"))))
    text = table(rows)
    for runtime in layout.runtimes():
        text += f"runtime {runtime.number}: {runtime.queued_for_all()} tasks queued for all workers\n"
    return text


def wait_graph():
    every = tasks.all_tasks()
    nodes = graph.build(every)
    text = ""
    by_header = {task.header: task for task in every}
    for node in sorted(nodes.values(), key=lambda one: one.task.number):
        for wait, need in zip(node.waits, node.needs):
            text += f"{node.task.title()} waits for {edge_text(wait, need, by_header)}\n"
    unknown = sum(1 for node in nodes.values() if node.task.is_parked and not node.waits)
    if unknown:
        text += (f"of {unknown} more it is not known: they wait for futures of the program's own, or it was compiled "
                 "without -g\n")
    deadlocks = graph.cycles(nodes)
    for one in deadlocks:
        certain = all(node.needs[0].certain for node in one)
        text += ("deadlock: " if certain else "deadlock, it seems: ") + " -> ".join(node.task.title() for node in one + one[:1]) + "\n"
        for node in one:
            text += f"  {node.task.title()}\n"
            text += "".join("  " + line + "\n" for line in chain_text(node.task).splitlines())
            if node.task.model == "fiber":
                text += "".join("  " + line + "\n" for line in fiber_text(node.task).splitlines())
    return text + ("" if deadlocks else "no deadlock of locks and joins was found\n")


def edge_text(wait, need, by_header):
    if wait.kind == "join":
        other = by_header.get(wait.address)
        return other.title() if other is not None else f"a task at {wait.address:#x} that has completed"
    text = due_text(wait)
    if wait.kind in graph.LOCKS:
        text += ", held by " + (", ".join(task.title() for task in need.tasks) if need else "nobody that is in sight")
        if need is not None and not need.certain:
            text += ", it seems: the lock's address lies in its frames"
    return text


def fiber_text(task, all_frames=False):
    """The frames of a parked fiber: those of the program; of the library only with all of them."""
    with fibers.Visit(task) as there:
        return frame_lines(all_frames) if there else "  not started\n"


def frame_lines(all_frames):
    """Of the fiber that is shown."""
    text = ""
    hidden = 0
    for frame in fibers.frames():
        if not all_frames and fibers.is_own_code(frame):
            hidden += 1
            continue
        sal = frame.find_sal()
        where = place(sal.symtab.filename, sal.line) if sal.symtab is not None else "??"
        text += f"  #{frame.level()}  {frame.name() or '??'} ({arguments(frame)}) at {where}\n"
    return text


def arguments(frame):
    """As gdb prints them: name and value, of those that are plain."""
    parts = []
    try:
        block = frame.block()
    except RuntimeError:
        return ""
    while block.function is None:
        block = block.superblock
    for symbol in block:
        if symbol.is_argument:
            try:
                value = frame.read_var(symbol, block)
                text = "..." if memory.is_struct(value.type.strip_typedefs()) else value_text(value, 40)
            except (gdb.error, ValueError):
                text = "?"
            parts.append(f"{symbol.name}={text}")
    return ", ".join(parts)
