"""What this script knows of the library's classes: their members, by name. Everything else asks here."""
import gdb

from . import memory
from .memory import at, leaves, member, need_type, number, offset, read, read_number

# Of task_state.
CLAIMED, NOTIFIED, COMPLETED, CANCELLING, LABELLED = 1, 2, 4, 8, 64
OWNER_SHIFT = 52

# Of a frame slab; see frame_layout.hpp.
SLAB_BYTES = 64 * 1024
GRANULE = 64
OWNER_BITS = 12
LARGE = 0xffffffff
MAX_PREFIX = 128

# Of a stack pool; see stack_pool.cpp.
SMALLEST_STACK = 8 << 10
COLOURS, COLOUR_STEP = 16, 64

# Of a coroutine's link; see chain.hpp. Its two words have a static_assert there.
CHILD_TAG, RUNNING_TAG, CANCEL_TAG, TAGS = 1, 2, 4, 7


class Runtime:
    def __init__(self, number_, value):
        self.number = number_
        self.value = value

    def workers(self):
        begin, end = memory.vector(member(self.value, "workers_"))
        kind = need_type("bifilar::sched::worker")
        return [Worker(at(read_number(place), kind)) for place in range(begin, end, 8)]

    def stack_pool(self):
        home = number(member(self.value, "resources_"))
        return member(at(home, need_type("bifilar::stackful::fiber_home")), "pool_") if home else None

    def queued_for_all(self):
        return number(member(member(self.value, "global_"), "length_"))

    def live(self):
        alive = number(member(self.value, "spawned_outside_"))
        for worker in self.workers():
            alive += worker.counter("spawned") - worker.counter("completed")
        return alive


class Worker:
    def __init__(self, value):
        self.value = value
        self.index = int(member(value, "index_"))
        state = int(member(value, "state_"))
        self.thread_state = state
        self.task = 0
        if state:
            kind = need_type("bifilar::detail::thread_state")
            self.task = read_number(state + offset(kind, "task"))

    def counter(self, name):
        found = member(member(self.value, "counters_"), name)
        return number(found) if found is not None else 0

    def queued(self):
        """How many tasks wait in its own queues: those that may be stolen, and those that stay."""
        ring = member(self.value, "queue_")
        head = number(member(ring, "head_")) & 0xffffffff
        movable = (number(member(ring, "tail_")) - head) & 0xffffffff
        newest = member(self.value, "newest_")
        slots = member(newest, "slots_")
        words = memory.read(memory.value_address(slots), slots.type.sizeof)
        movable += sum(any(words[i:i + 8]) for i in range(0, len(words), 8))
        pinned = member(self.value, "pinned_")
        stays = number(member(pinned, "tail_")) - number(member(pinned, "head_"))
        stays += self.chain(number(member(pinned, "first_")))
        stays += 1 if number(member(member(self.value, "pinned_next_"), "task")) else 0
        return movable, stays, self.chain(number(member(member(self.value, "inbox_"), "top_")))

    @staticmethod
    def chain(header):
        count = 0
        next_ = offset(need_type("bifilar::detail::task_header"), "next_")
        while header and count < 1_000_000:
            count += 1
            header = read_number(header + next_)
        return count

    def sleeps_until(self):
        return number(member(self.value, "sleeps_until_"))

    def driver(self):
        """The type of the worker's driver."""
        parker = number(member(self.value, "parker_"))
        name = memory.symbol_at(read_number(parker)) if parker else None
        return name.removeprefix("vtable for ").split("::")[-1].removesuffix("_driver") if name else "?"


def runtimes():
    place = memory.symbol_address("bifilar::sched::(anonymous namespace)::runtimes")
    if place is None:
        raise gdb.GdbError("bifilar: no bifilar is linked into this program, or its symbols were stripped")
    registry = at(place, need_type("bifilar::sched::runtime_registry"))
    table = member(registry, "table_")
    kind = need_type("bifilar::sched::scheduler")
    first, size = memory.value_address(table), table.type.sizeof
    words = memory.read(first, size)
    found = []
    for id_ in range(size // 8):
        address = int.from_bytes(words[8 * id_:8 * id_ + 8], "little")
        if address:
            found.append(Runtime(id_, at(address, kind)))
    return found


def stack_slabs(runtime):
    """(address, bytes) of each mapping of stacks."""
    pool = runtime.stack_pool()
    for _, slab in _slabs(pool) if pool is not None else ():
        yield int(member(slab, "base")), int(member(slab, "bytes"))


def _slabs(pool):
    """(size class, slab) of all of a stack pool."""
    shelves = member(pool, "shelves_")
    (first_shelf, _), = leaves(shelves, 1)
    shelf_kind = _element(shelves.type)
    for size_class in range(shelves.type.sizeof // shelf_kind.sizeof):
        shelf = at(first_shelf + size_class * shelf_kind.sizeof, shelf_kind)
        for slab in _ring(member(shelf, "slabs"), need_type("bifilar::stackful::stack_slab"), 0):
            yield size_class, slab


def fiber_headers(runtime):
    """The header of each live fiber, with its stack record's address: the top of its stack."""
    pool = runtime.stack_pool()
    if pool is None:
        return
    record_kind = need_type("bifilar::stackful::stack_record")
    task_at = offset(record_kind, "task")
    options = member(pool, "options_")
    guard, colour = number(member(options, "guard_bytes")), number(member(options, "colour")) != 0
    for size_class, slab in _slabs(pool):
        pitch = (SMALLEST_STACK << size_class) + guard
        bits = number(member(slab, "constructed"))
        base, number_ = int(member(slab, "base")), int(member(slab, "number"))
        for index in range(bits.bit_length()):
            if bits >> index & 1:
                moved = (number_ + index) % COLOURS * COLOUR_STEP if colour else 0
                record = base + (index + 1) * pitch - moved - record_kind.sizeof
                header = read_number(record + task_at)
                if header:
                    yield header, record


def _element(kind):
    """The type of the elements of a std::array."""
    field = memory.fields_of(kind)[0].type.strip_typedefs()
    return field.target().strip_typedefs()


def _ring(list_, kind, link_offset):
    """The elements of an intrusive_list whose link lies at that offset in `kind`."""
    root = memory.value_address(list_)
    link = read_number(root)
    while link not in (0, root):
        yield at(link - link_offset, kind)
        link = read_number(link)


def frame_headers(owners):
    """(header, place, owner) of each live task in the frame pool that belongs to one of these runtimes."""
    depot = memory.symbol_address("bifilar::detail::frames::depot::the()::place")
    if depot is None or memory.find_type("bifilar::detail::frames::depot") is None:
        yield from _ledger_headers(owners)
        return
    if read_number(memory.symbol_address("bifilar::detail::frames::depot::the()::one")) == 0:
        return
    pool = at(depot, need_type("bifilar::detail::frames::depot"))
    slab_kind = need_type("bifilar::detail::frames::slab")
    marks_at = offset(slab_kind, "marks")
    next_at, class_at, first_at = (offset(slab_kind, name) for name in ("next", "size_class", "first"))
    for ring in ("pooled_", "large_"):
        root = memory.value_address(member(pool, ring))
        slab = read_number(root + next_at)
        while slab not in (0, root):
            marks = read(slab + marks_at, 2 * SLAB_BYTES // GRANULE)
            if any(marks):
                yield from _slab_headers(slab, marks, read_number(slab + class_at, 4),
                                         read_number(slab + first_at, 4), owners)
            slab = read_number(slab + next_at)


def _slab_headers(slab, marks, size_class, first, owners):
    block_bytes = _block_bytes(size_class) if size_class != LARGE else 0
    count = (SLAB_BYTES - first) // block_bytes if block_bytes else 1
    for index in range(count):
        block = slab + first + index * block_bytes
        for prefix in range(0, MAX_PREFIX + 16, 16):
            granule = (block + prefix) % SLAB_BYTES // GRANULE
            mark = int.from_bytes(marks[2 * granule:2 * granule + 2], "little")
            owner = mark & (1 << OWNER_BITS) - 1
            if mark and owner in owners and (mark >> OWNER_BITS) * 16 == prefix:
                yield block, block + prefix, owner
                break


def block_range(frame):
    """(first, end) of what a coroutine's frame may take of its block in the frame pool."""
    slab_kind = memory.find_type("bifilar::detail::frames::slab")
    if slab_kind is None or memory.symbol_address("bifilar::detail::frames::depot::the()::place") is None:
        return frame, frame
    slab = frame - 1 & ~(SLAB_BYTES - 1)
    size_class = read_number(slab + offset(slab_kind, "size_class"), 4)
    if size_class == LARGE:
        return frame, frame + SLAB_BYTES
    first, bytes_ = slab + read_number(slab + offset(slab_kind, "first"), 4), _block_bytes(size_class)
    return frame, first + ((frame - first) // bytes_ + 1) * bytes_


def _block_bytes(size_class):
    if size_class < 64:
        return (size_class + 1) * 16
    return 1024 + (size_class - 63) * 256


# Under AddressSanitizer each block is a malloc of its own, and the marks are in a map.
def _ledger_headers(owners):
    place = memory.symbol_address("bifilar::detail::(anonymous namespace)::the_ledger()::one")
    kind = memory.find_type("bifilar::detail::(anonymous namespace)::ledger")
    if place is None or kind is None:
        raise memory.NoTypes("bifilar: this program has no debug information of the pool of frames")
    ledger = read_number(place)
    if ledger == 0:
        return
    for pair in memory.hash_nodes(member(at(ledger, kind), "marks")):
        block, mark = read_number(pair), read_number(pair + 8, 2)
        if mark & (1 << OWNER_BITS) - 1 in owners:
            yield block - (mark >> OWNER_BITS) * 16, block, mark & (1 << OWNER_BITS) - 1


def labels():
    """Names of tasks, by address: (name, file, line)."""
    inside = "bifilar::detail::(anonymous namespace)::"
    place = memory.symbol_address(inside + "part_of(bifilar::detail::task_header const*)::place")
    made = memory.symbol_address(inside + "part_of(bifilar::detail::task_header const*)::parts")
    kind = memory.find_type(inside + "part")
    label_kind = memory.find_type("bifilar::detail::task_label")
    if place is None or kind is None or label_kind is None or read_number(made) == 0:
        return {}
    found = {}
    for index in range(64):
        for pair in memory.hash_nodes(member(at(place + index * kind.sizeof, kind), "labels")):
            label = at(pair + 8, label_kind)
            found[read_number(pair)] = (memory.text_of(member(label, "name_")), *_source(member(label, "place_")))
    return found


def _source(location):
    """File and line of a std::source_location."""
    return _source_of(number(location))


def _source_of(record):
    if record == 0:
        return None, 0
    return memory.read_text(read_number(record)), read_number(record + 16, 4)


def state_word(header):
    return read_number(header + offset(need_type("bifilar::detail::task_header"), "state_"))


def operations(header):
    """The task's own: a record of it puts others in front of them."""
    kind = read_number(header + offset(need_type("bifilar::detail::task_header"), "kind_"))
    record = read_number(kind + offset(need_type("bifilar::detail::operations"), "record"))
    return kind if record == 0 else read_number(record + offset(need_type("bifilar::sched::task_record"), "inner_"))


def run_function(header):
    return read_number(operations(header) + offset(need_type("bifilar::detail::operations"), "run"))


def destroy_function(header):
    return read_number(operations(header) + offset(need_type("bifilar::detail::operations"), "destroy"))


_fibers = {}  # Where the fiber lies in a task, by the task's operations.
MAX_OUTCOME = 1 << 16


def fiber_of(header, record):
    """The fiber of a task whose stack has that record: behind the task's outcome, whose type may not be known. It has
    the task's address, and its stack's."""
    kind = need_type("bifilar::stackful::fiber")
    task_at, top_at = offset(kind, "task_"), offset(kind, "stack_.top")
    key = operations(header)
    for distance in [_fibers[key]] if key in _fibers else range(32, min(record - header, MAX_OUTCOME), 8):
        at_ = header + distance
        if at_ + kind.sizeof <= record and read_number(at_ + task_at) == header and \
           read_number(at_ + top_at) == record:
            _fibers[key] = distance
            return at(at_, kind)
    raise memory.NoTypes("bifilar: no fiber was found in a task; this script is for another version of the library")


def fiber_waits_on(fiber):
    """The name of the type of what a parked fiber waits for; empty before it has begun, None where that has no name."""
    word = member(fiber, "waits_on_")
    if word is None:
        return None
    if not int(word):
        return ""
    kind = need_type("bifilar::stackful::awaited")
    name = memory.symbol_at(read_number(int(word) + offset(kind, "describe_"))) or ""
    before, found, rest = name.partition("awaited::describe_one<")
    return rest[:rest.rfind(">(")].strip() if found else None


def link_words(frame):
    """The first two words of a coroutine's promise, which lies two addresses into its frame."""
    return read_number(frame + 16), read_number(frame + 24)


def waits_at(frame):
    """File and line of the co_await where a coroutine waits: the std::source_location behind these two words."""
    return _source_of(read_number(frame + 32))


def slot_parent(slot):
    """The frame that awaits, of a child_slot: behind the child."""
    kind = memory.find_type("bifilar::stackless::child_slot")
    return read_number(slot + (offset(kind, "parent_") if kind is not None else 8))


def leaf_poll(leaf):
    """The function that polls what the leaf waits for."""
    kind = memory.find_type("bifilar::stackless::leaf_operations")
    return read_number(read_number(leaf) + (offset(kind, "poll") if kind is not None else 0))
