"""How gdb prints tasks, handles, channels, outcomes and locks."""
import gdb
import gdb.printing

from . import layout, memory, tasks, waits
from .memory import member, number


class Printer:
    """A sentence, and below it the members as gdb prints them where somebody asks (`print/r` has them)."""

    def __init__(self, value):
        self.value = value

    def part(self, name):
        return member(self.value, name)

    def to_string(self):
        if self.value.address is None:
            return "not in memory"
        try:
            return self.text()
        except (gdb.error, gdb.MemoryError, AttributeError, TypeError) as problem:
            return f"<{problem}>"


def waiting(count):
    return f", {count} wait" if count else ""


class TaskObject(Printer):
    def text(self):
        frame = number(self.part("frame_"))
        if frame == 0:
            return "no coroutine"
        chain = waits.Chain(frame)
        frames = chain.frames()
        if not chain.started:
            return f"{frames[0].function()}, not started"
        where = "runs" if chain.running else "waits in"
        file, line = (None, 0) if chain.running else frames[0].line()
        inner = f" {frames[0].function()} at {file}:{line}" if file else ""
        return f"{frames[-1].function()}, {where}{inner}"


def task_text(header):
    """One that may have completed, so that nothing is known of its memory but its header."""
    word = layout.state_word(header)
    for task in tasks.all_tasks():
        if task.header == header:
            return f"{task.title()}, {task.state}"
    return f"a task at {header:#x}, " + ("completed" if word & layout.COMPLETED else "not listed")


class Handle(Printer):
    def text(self):
        base = self.part("base_")
        header = number(member(base, "task_"))
        if header:
            return task_text(header)
        return "joined" if bool(member(base, "spent_")) else "no task"


class Outcome(Printer):
    def text(self):
        kind = str(self.part("kind_")).split("::")[-1]
        if kind != "value":
            return kind
        value = self.part("value_")
        empty = value is None or memory.is_empty(value.type)
        return "value" if empty else "value " + value.format_string(max_depth=3)


class Channel(Printer):
    def text(self):
        return waits.channel_text(self.value)


class Broadcast(Printer):
    def text(self):
        closed = ", closed" if bool(self.part("closed_")) else ""
        return (f"{number(self.part('next_'))} values sent, {number(self.part('subscribers_'))} subscribers"
                f"{waiting(waits.list_length(self.part('waiters_')))}{closed}")


class Watch(Printer):
    def text(self):
        closed = ", closed" if bool(self.part("closed_")) else ""
        return (f"version {number(self.part('version_'))}, {number(self.part('watchers_'))} watchers"
                f"{waiting(waits.list_length(self.part('waiters_')))}{closed}")


class Mutex(Printer):
    def text(self):
        return permits_text(self.part("permit_"), lambda free, most: "unlocked" if free else "locked")


class SharedMutex(Printer):
    def text(self):
        def state(free, most):
            return "unlocked" if free == most else "locked" if free == 0 else f"locked by {most - free} readers"
        return permits_text(self.part("permits_"), state)


class Semaphore(Printer):
    def text(self):
        return permits_text(self.part("permits_"), lambda free, most: f"{free} permits free")


def permits_text(permits, state):
    free = number(member(permits, "word_")) // 8
    return state(free, number(member(permits, "most_"))) + waiting(waits.list_length(member(permits, "waiters_")))


class Event(Printer):
    def text(self):
        return ("set" if number(self.part("set_")) else "not set") + waiting(
            waits.list_length(self.part("waiters_")))


# The class by its name, and the printer. A template's arguments may be anything.
PRINTERS = [
    ("task", TaskObject), ("join_handle", Handle), ("detail::outcome", Outcome), ("channel", Channel),
    ("unbounded_channel", Channel), ("broadcast", Broadcast), ("watch", Watch), ("mutex", Mutex),
    ("shared_mutex", SharedMutex), ("semaphore", Semaphore), ("event", Event),
]


def register():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("bifilar")
    for name, printer in PRINTERS:
        collection.add_printer(name, rf"^bifilar::{name}(<.*>)?$", _only(name, printer))
    gdb.printing.register_pretty_printer(None, collection, replace=True)


# The pattern also fits the inner classes of a template: task<…>::x.
def _only(name, printer):
    def make(value):
        kind = str(value.type.strip_typedefs().unqualified())
        if kind != f"bifilar::{name}" and _outer(kind) != f"bifilar::{name}":
            return None
        return printer(value)
    return make


def _outer(name):
    """`a::b<c::d>` -> `a::b`; None where the template's arguments are not the end."""
    depth = 0
    for index, letter in enumerate(name):
        depth += {"<": 1, ">": -1}.get(letter, 0)
        if letter == ">" and depth == 0:
            return name[:name.index("<")] if index == len(name) - 1 else None
    return None
