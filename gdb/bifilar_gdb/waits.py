"""What a task waits for, as an object: which lock, channel, timer, descriptor or task. Found by looking through the
members of the future, whatever combinators it is wrapped in."""
import gdb

from . import code, fibers, layout, memory
from .memory import member, number

MAX_DEPTH = 40
MAX_FOUND = 64
MAX_FRAMES = 100_000

# Members that say what is waited at: the first of these that a future with a place in a list of waiters has.
SOURCES = ("channel_", "of_", "from_", "at_", "gate_", "cell_")
# What a future has besides its waits; results that are not there are not to be looked into.
SKIPPED = ("bifilar::polled<", "bifilar::detail::outcome<", "std::exception_ptr", "std::__exception_ptr::",
           "std::vector<std::byte", "bifilar::detail::task_label")


class Wait:
    """One thing that is waited for: kind, address, and a sentence about it, or how to make one."""

    def __init__(self, kind, address, about="", value=None):
        self.kind = kind
        self.address = address
        self.about = about
        self.value = value

    def __str__(self):
        text = self.about() if callable(self.about) else self.about
        about = f" ({text})" if text else ""
        return f"{self.kind} {self.address:#x}{about}" if self.address else f"{self.kind}{about}"


class Chain:
    """Coroutines that await each other: frames, innermost first, and what the innermost waits for."""

    def __init__(self, top):
        self.top = top
        self.word, self.innermost = layout.link_words(top)

    @property
    def started(self):
        return self.word != 0

    @property
    def ended(self):
        return self.innermost == 0

    @property
    def running(self):
        return self.word & layout.RUNNING_TAG != 0

    def frames(self):
        if not self.started:
            return [code.CoroutineFrame(self.top)]
        found = []
        frame = self.innermost
        while frame and len(found) < MAX_FRAMES:
            found.append(code.CoroutineFrame(frame))
            if frame == self.top:
                break
            word, slot = layout.link_words(frame)
            frame = layout.slot_parent(slot) if word & layout.CHILD_TAG else 0
        return found

    def awaited(self):
        """The future, as a value; or its type's name, where there is no more debug information; or None."""
        if not self.started or self.ended or self.running:
            return None
        leaf = self.word & ~layout.TAGS
        poll = layout.leaf_poll(leaf)
        name = code.class_of(poll) or ""
        kind = memory.find_type(name) or code.local_type(poll, "this")
        if kind is None:
            return name.removeprefix("bifilar::stackless::leaf_await<").removesuffix(">").strip() or None
        future = member(memory.at(leaf, kind), "future_")
        return future.dereference() if future is not None else None


def chain_of(task):
    """The chain of a task that is a coroutine; None for others."""
    return Chain(task.frame()) if task.model == "coroutine" else None


def awaited(task):
    """What a parked task waits for: a value of gdb, or the name of its type, or None."""
    if not task.is_parked:
        return None
    if task.model == "coroutine":
        return chain_of(task).awaited()
    if task.model == "fiber":
        with fibers.Visit(task) as there:
            return fibers.awaited() if there else None
    kind = task.type()
    if kind is None:
        return task.class_name
    return member(memory.at(task.header, kind), "future_")


def type_name(future):
    """How the type of an awaited future is called."""
    if future is None or isinstance(future, str):
        return future
    return str(future.type.strip_typedefs().unqualified())


def look(future):
    """(waits, chains): what the future waits for, and the coroutines that it polls."""
    waits, chains = [], []
    if isinstance(future, gdb.Value):
        _look(memory.value_address(future), future.type, waits, chains, 0)
    return waits, chains


def _look(address, kind, waits, chains, depth):
    kind = kind.strip_typedefs().unqualified()
    if depth > MAX_DEPTH or len(waits) + len(chains) >= MAX_FOUND:
        return
    if kind.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        target = memory.read_number(address)
        if target and str(kind.target()).startswith("bifilar::"):
            _look(target, kind.target(), waits, chains, depth + 1)
        return
    if kind.code == gdb.TYPE_CODE_ARRAY:
        element = kind.target().strip_typedefs()
        for index in range(min(kind.sizeof // max(element.sizeof, 1), 16)):
            _look(address + index * element.sizeof, element, waits, chains, depth + 1)
        return
    if not memory.is_struct(kind):
        return
    name = str(kind)
    if name.startswith(SKIPPED):
        return
    try:
        if _is_source(name, address, kind, waits, chains, depth):
            return
        if name.startswith("std::optional<") and not _is_engaged(address, kind):
            return
        if name.startswith("std::vector<"):
            _look_at_elements(address, kind, waits, chains, depth)
            return
    except gdb.MemoryError:
        return
    for field in memory.fields_of(kind):
        # Of a union only the one thing that it may hold.
        if kind.code == gdb.TYPE_CODE_UNION and len([f for f in memory.fields_of(kind)
                                                     if not memory.is_empty(f.type)]) > 1:
            return
        _look(address + field.bitpos // 8, field.type, waits, chains, depth + 1)


def _look_at_elements(address, kind, waits, chains, depth):
    element = kind.template_argument(0).strip_typedefs()
    begin, end = memory.vector(memory.at(address, kind))
    for index in range(min((end - begin) // max(element.sizeof, 1), 16)):
        _look(begin + index * element.sizeof, element, waits, chains, depth + 1)


def _is_engaged(address, kind):
    flag = member(memory.at(address, kind), "_M_engaged")
    return flag is None or bool(flag)


# Whether it is one of what tasks wait for; then it is noted.
def _is_source(name, address, kind, waits, chains, depth):
    value = memory.at(address, kind)
    if name.startswith("bifilar::task<"):
        frame = number(value)
        if frame:
            chain = Chain(frame)
            chains.append(chain)
            inner = chain.awaited()
            if isinstance(inner, gdb.Value):
                _look(memory.value_address(inner), inner.type, waits, chains, depth + 2)
        return True
    if name == "bifilar::detail::join_base":
        task = number(member(value, "task_"))
        if task:
            waits.append(Wait("join", task, value=value))
        return True
    if name == "bifilar::sleep":
        waits.append(Wait("sleep", address, f"due at {number(member(value, 'deadline_')) / 1e9:.3f} s of the steady clock",
                          value))
        return True
    if name == "bifilar::drivers::op":
        waits.append(_operation(value))
        return True
    if name.startswith("bifilar::") and _has_node(kind):
        source = next((found for found in (member(value, holder) for holder in SOURCES)
                       if found is not None and found.type.strip_typedefs().code in POINTERS), None)
        if source is not None:
            waits.append(_source(source, name))
            return True
    return False


POINTERS = (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF)
NODES = ("wait_node", "notice_list::node", "permits::wait", "send_node", "recv_node", "barrier::node")


# Whether it has a place in a list of waiters, itself or in a union.
def _has_node(kind):
    for field in memory.fields_of(kind):
        if str(field.type).endswith(NODES):
            return True
        inner = field.type.strip_typedefs()
        if not field.name and inner.code == gdb.TYPE_CODE_UNION and _has_node(inner):
            return True
    return False


def _source(pointer, name):
    """Of a pointer or reference to what is waited at."""
    address = memory.read_number(memory.value_address(pointer))
    target = pointer.type.strip_typedefs().target().strip_typedefs().unqualified()
    value = memory.at(address, target)
    what = str(target).removeprefix("bifilar::").split("<")[0]
    if what == "detail::channel_core":
        return Wait("channel", address, lambda: channel_text(value, name), value)
    return Wait("semaphore" if what == "detail::permits" else what.removeprefix("detail::"), address, value=value)


def channel_text(value, future=""):
    """Fill and waiting tasks of a channel_core."""
    role = "send, " if "send_future" in future or "reserve_future" in future else "recv, " if "recv" in future else ""
    filled = number(member(value, "count_"))
    capacity = member(member(value, "store_"), "capacity_")
    room = f" of {number(capacity)}" if capacity is not None else ""
    senders, receivers = (list_length(member(value, name)) for name in ("senders_", "receivers_"))
    closed = ", closed" if number(member(value, "closed_")) else ""
    return f"{role}{filled}{room} values, {senders} senders and {receivers} receivers wait{closed}"


lengths = memory.keep_until_it_goes_on()  # Of lists, by address: many tasks may wait at one.
MAX_LENGTH = 1_000_000


def list_length(queue):
    """Of a wait_queue."""
    root = memory.value_address(queue)
    if root not in lengths:
        count, link = 0, memory.read_number(root)
        while link not in (0, root) and count < MAX_LENGTH:
            count += 1
            link = memory.read_number(link)
        lengths[root] = count
    return lengths[root]


def _operation(value):
    kind = member(value, "kind")
    source = number(member(value, "source"))
    what = str(kind).split("::")[-1]
    descriptor = None
    home = memory.find_type("bifilar::drivers::io_source")
    if source and home is not None:
        held = member(memory.at(source, home), "descriptor_")
        descriptor = number(held) if held is not None else None
    about = what + (f" of descriptor {descriptor}" if descriptor is not None else "")
    return Wait("operation", memory.value_address(value), about, value)
