"""Who waits for whom: locks and their holders, joins and their tasks; and which tasks can never go on."""
import struct

import gdb

from . import fibers, layout, memory, waits
from .memory import member, number

LOCKS = ("mutex", "shared_mutex")
HOLDER = "bifilar::detail::lock_holder<"
MAX_DEPTH = 8


class Need:
    """Who would have to act first for a wait to end."""

    def __init__(self, tasks, certain=True):
        self.tasks = tasks
        self.certain = certain


class Node:
    """A task with what it waits for, and the Need of each of these: None where anybody may act."""

    def __init__(self, task, found):
        self.task = task
        self.waits = found
        self.needs = []


def guards_of(task):
    """The addresses of locks whose guards lie among the task's variables."""
    found = set()
    if task.model == "coroutine" and layout.link_words(task.frame())[0]:
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


def words_of(task):
    """What lies in a task's frames, word by word: where a compiler tells of no variables, or has none for a guard."""
    ranges = []
    if task.model == "fiber":
        saved = fibers.saved_registers(task)
        if saved is not None:
            ranges.append((saved["rsp"], fibers.stack_range(task)[1]))
    else:
        chain = waits.chain_of(task)
        for one in [chain] if chain is not None else waits.look(waits.awaited(task))[1]:
            ranges += [layout.block_range(frame.address) for frame in one.frames()]
    found = set()
    for first, end in ranges:
        try:
            data = memory.read(first, max(end - first, 0) & ~7)
        except gdb.MemoryError:
            continue
        found.update(struct.unpack(f"<{len(data) // 8}Q", data))
    return found


def recorded_holder(lock, tasks):
    """The task that the lock itself knows as its holder: it keeps the low bits of the address."""
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
    look = Holders(tasks, nodes)
    for node in nodes.values():
        for wait in node.waits:
            if wait.kind == "join":
                node.needs.append(Need([by_header[wait.address]]) if wait.address in by_header else None)
            else:
                node.needs.append(look.of(wait) if wait.kind in LOCKS else None)
    return nodes


class Holders:
    """Finds the tasks that hold a lock."""

    def __init__(self, tasks, nodes):
        self.tasks = tasks
        self.nodes = nodes
        self.guards = None
        self.words = None

    def of(self, wait):
        recorded = recorded_holder(wait.value, self.tasks) if wait.value is not None else None
        if recorded is not None:
            return Need([recorded])
        # A variable that has not been constructed yet may look like a guard: not of those that wait for this lock.
        others = [task for task in self.tasks
                  if all(w.address != wait.address for w in self.nodes[task.header].waits)]
        if self.guards is None:
            self.guards = {task.header: guards_of(task) for task in self.tasks}
        found = [task for task in others if wait.address in self.guards[task.header]]
        if found:
            return Need(found)
        if self.words is None:
            self.words = {task.header: words_of(task) for task in self.tasks if task.is_parked}
        found = [task for task in others if wait.address in self.words.get(task.header, ())]
        return Need(found, False) if found else None


def stuck(nodes):
    """The headers of tasks that wait for tasks that wait for ever; alternatives of one wait count as ways out."""
    left = {header for header, node in nodes.items() if node.task.is_parked and node.needs}
    while True:
        free = {header for header in left
                if any(need is None or any(task.header not in left for task in need.tasks)
                       for need in nodes[header].needs)}
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
            now = nodes[now].needs[0].tasks[0].header
        if now in path:
            found.append([nodes[step] for step in path[path.index(now):]])
    return found
