"""Who waits for whom: locks and their holders, joins and their tasks; and which tasks can never go on."""
import gdb

from . import fibers, layout, memory, waits
from .memory import member, number

HOLDER = "bifilar::detail::lock_holder<"
MAX_DEPTH = 8


class Node:
    """A task with what it waits for, and for each of these who would have to act first: None where anybody may."""

    def __init__(self, task, found):
        self.task = task
        self.waits = found
        self.needs = []


def guards_of(task):
    """The addresses of locks whose guards lie among the task's variables."""
    found = set()
    if task.model == "coroutine" and layout.link_words(task.place)[0]:
        for frame in waits.chain_of(task).frames():
            for _, value in frame.variables():
                _guards_in(memory.value_address(value), value.type, found, 0)
    elif task.model == "fiber" and task.is_parked:
        with fibers.Visit(task) as there:
            for frame in fibers.frames() if there else ():
                _guards_of_frame(frame, found)
    elif task.type() is not None:
        _, chains = waits.look(waits.awaited(task))
        for chain in chains:
            for frame in chain.frames():
                for _, value in frame.variables():
                    _guards_in(memory.value_address(value), value.type, found, 0)
    return found


def _guards_of_frame(frame, found):
    try:
        block = frame.block()
    except RuntimeError:
        return
    while block is not None:
        for symbol in block:
            if not (symbol.is_variable or symbol.is_argument) or symbol.type is None:
                continue
            kind = symbol.type.strip_typedefs().unqualified()
            if not memory.is_struct(kind) or HOLDER not in str(kind):
                continue
            try:
                value = frame.read_var(symbol, block)
                if value.address is not None:
                    _guards_in(memory.value_address(value), kind, found, 0)
                elif str(kind).startswith(HOLDER):
                    found.add(int(value["lock_"]))
            except (gdb.error, ValueError):
                continue
        if block.function is not None:
            return
        block = block.superblock


def _guards_in(address, kind, found, depth):
    kind = kind.strip_typedefs().unqualified()
    if depth > MAX_DEPTH or not memory.is_struct(kind):
        return
    name = str(kind)
    try:
        if name.startswith(HOLDER):
            held = memory.read_number(address)
            if held:
                found.add(held)
            return
        if name.startswith("std::optional<") and not waits._is_engaged(address, kind):
            return
    except gdb.MemoryError:
        return
    if kind.code == gdb.TYPE_CODE_UNION or name.startswith(waits.SKIPPED):
        return
    for field in memory.fields_of(kind):
        _guards_in(address + field.bitpos // 8, field.type, found, depth + 1)


def recorded_holder(lock, tasks):
    """The task that the lock itself knows as its holder: debug builds note the low bits of its address."""
    owner = member(lock, "owner_")
    word = number(owner) if owner is not None else 0
    return next((task for task in tasks if word and task.header >> 4 & 0xffffffff == word), None)


def build(tasks):
    """A node for each parked task that waits for something known, by header."""
    by_header = {task.header: task for task in tasks}
    nodes = {}
    for task in tasks:
        found, _ = waits.look(waits.awaited(task))
        nodes[task.header] = Node(task, found)
    guards = None
    for node in nodes.values():
        for wait in node.waits:
            if wait.kind == "join":
                node.needs.append([by_header[wait.address]] if wait.address in by_header else None)
            elif wait.kind in ("mutex", "shared_mutex"):
                if guards is None:
                    guards = {header: guards_of(task) for header, task in by_header.items()}
                node.needs.append(_holders(wait, node, nodes, guards, by_header, tasks))
            else:
                node.needs.append(None)
    return nodes


def _holders(wait, node, nodes, guards, by_header, tasks):
    recorded = recorded_holder(wait.value, tasks) if wait.value is not None else None
    if recorded is not None:
        return [recorded]
    # A variable that has not been constructed yet may look like a guard: not of those that wait for this lock.
    waiting = {header for header, other in nodes.items() if any(w.address == wait.address for w in other.waits)}
    found = [by_header[header] for header, held in guards.items() if wait.address in held and header not in waiting]
    return found or None


def stuck(nodes):
    """The headers of tasks that wait for tasks that wait for ever; alternatives of one wait count as ways out."""
    left = {header for header, node in nodes.items() if node.task.is_parked and node.needs}
    while True:
        free = {header for header in left
                if any(need is None or any(task.header not in left for task in need) for need in nodes[header].needs)}
        if not free:
            return left
        left -= free


def cycles(nodes):
    """Each deadlock once: its tasks in the order in which they wait for each other."""
    left = stuck(nodes)
    found = []
    seen = set()
    for header in sorted(left, key=lambda h: nodes[h].task.number):
        path = []
        now = header
        while now not in seen and now in left:
            seen.add(now)
            path.append(now)
            now = nodes[now].needs[0][0].header
        if now in path:
            found.append([nodes[step] for step in path[path.index(now):]])
    return found
