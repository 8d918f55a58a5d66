"""The stack of a parked fiber as frames of gdb: `frame`, `up`, `print` and `info locals` work in it.

gdb is told, by an unwinder, that the selected thread's innermost frame was called by the fiber. No register and no
memory is changed, so a core file will do; and nothing is to be put back when the process goes on.
"""
import gdb
from gdb.FrameDecorator import FrameDecorator
from gdb.unwinder import Unwinder, register_unwinder

from . import layout, memory

# Where Boost.Context 1.81 leaves what it saves, from the stack pointer on; x86-64.
FCONTEXT = {"r12": 0x10, "r13": 0x18, "r14": 0x20, "r15": 0x28, "rbx": 0x30, "rbp": 0x38, "rip": 0x40}
FCONTEXT_BYTES = 0x48


def _word(value):
    return gdb.Value(value).cast(gdb.selected_inferior().architecture().integer_type(64, False))


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


def saved_registers(task):
    """What the fiber had in its registers when it switched away; None when it has not begun, or runs."""
    if gdb.selected_inferior().architecture().name() != "i386:x86-64":
        raise gdb.GdbError("bifilar: the stacks of fibers are known on x86-64 alone")
    fiber = layout.fiber_of(task.header, task.place)
    if not bool(memory.member(fiber, "started_")) or task.worker is not None:
        return None
    here = memory.member(memory.member(fiber, "switch_"), "here_")
    stack = int(memory.member(here, "stack_pointer"))
    if stack == 0:
        return None
    if memory.symbol_address("bifilar::stackful::switches_by_itself") is not None:
        return {"rsp": stack, "rbp": int(memory.member(here, "frame_pointer")),
                "rbx": int(memory.member(here, "base_pointer")), "rip": int(memory.member(here, "instruction"))}
    saved = {name: memory.read_number(stack + at) for name, at in FCONTEXT.items()}
    saved["rsp"] = stack + FCONTEXT_BYTES
    return saved


def stack_range(task):
    """(low, top) of the fiber's stack."""
    fiber = layout.fiber_of(task.header, task.place)
    stack = memory.member(fiber, "stack_")
    return int(memory.member(stack, "low")), int(memory.member(stack, "top"))


class FiberUnwinder(Unwinder):
    def __init__(self):
        super().__init__("bifilar fiber")
        self.saved = None

    def show(self, saved):
        """From now on these registers are the caller's of the selected thread's innermost frame."""
        self.leave()
        if saved is None:
            return
        frame = gdb.newest_frame()
        self.thread = gdb.selected_thread().ptid
        self.pc, self.sp = int(frame.read_register("pc")), int(frame.read_register("sp"))
        self.saved = saved
        gdb.invalidate_cached_frames()

    def leave(self):
        if self.saved is not None:
            self.saved = None
            gdb.invalidate_cached_frames()

    def __call__(self, pending):
        saved = self.saved
        if saved is None or gdb.selected_thread() is None or gdb.selected_thread().ptid != self.thread:
            return None
        pc, sp = int(pending.read_register("rip")), int(pending.read_register("rsp"))
        if pc != self.pc or sp != self.sp:
            return None
        # Below all frames of the fiber, or gdb would take its stack for corrupt.
        info = pending.create_unwind_info(FrameId(_word(saved["rsp"] - 16), _word(pc)))
        for name, value in saved.items():
            info.add_saved_register(name, _word(value))
        return info


unwinder = FiberUnwinder()
shown = None  # The task whose stack is shown.


class HiddenThread:
    """A frame filter: the thread's own innermost frame, which stands in front of the fiber's, is not listed."""

    name = "bifilar fiber"
    priority = 200
    enabled = True

    def filter(self, frames):
        saved = unwinder.saved
        if saved is None:
            return frames
        return (frame for frame in frames if not _is_own(FrameDecorator.inferior_frame(frame)
                                                         if isinstance(frame, FrameDecorator)
                                                         else frame.inferior_frame()))


def _is_own(frame):
    return int(frame.read_register("rsp")) == unwinder.sp and int(frame.read_register("rip")) == unwinder.pc


def frames():
    """The frames of the fiber that is shown, innermost first."""
    frame = gdb.newest_frame()
    while frame is not None and _is_own(frame):
        frame = frame.older()
    while frame is not None:
        yield frame
        frame = frame.older()


def show(task):
    """Shows the fiber's stack in place of the selected thread's. False when it has none to show."""
    global shown
    saved = saved_registers(task)
    unwinder.show(saved)
    shown = task if saved is not None else None
    return saved is not None


def leave(*_):
    """The thread's own stack again."""
    global shown
    unwinder.leave()
    shown = None


class Visit:
    """Shows a fiber for as long as a `with` lasts; what was shown and selected before comes back."""

    def __init__(self, task):
        self.task = task

    def __enter__(self):
        self.before = unwinder.saved
        self.level = gdb.selected_frame().level()
        return show(self.task)

    def __exit__(self, *_):
        global shown
        unwinder.leave()
        shown = None
        if self.before is not None:
            unwinder.show(self.before)
        frame = gdb.newest_frame()
        while frame.level() < self.level and frame.older() is not None:
            frame = frame.older()
        frame.select()


# Also as linkers have them: gdb 13 cannot read what clang makes of a name with concepts.
LIBRARY = ("bifilar::", "std::", "_ZN7bifilar", "_ZNK7bifilar", "_ZSt", "_ZNSt", "_ZNKSt")
AWAITS = ("bifilar::detail::await_here<", "bifilar::detail::await_through<", "_ZN7bifilar6detail10await_here",
          "_ZN7bifilar6detail13await_through")


HEADERS = ("/include/bifilar/", "/include/c++/")


def is_own_code(frame):
    """Whether a frame is the library's, which waits, and not the program's. A lambda is told by its file."""
    name = frame.name()
    if name is None or name.startswith(LIBRARY):
        return True
    place = frame.find_sal().symtab
    return place is not None and any(part in place.filename for part in HEADERS)


def awaited():
    """What the fiber that is shown waits for: the future, as a value of gdb. None where it cannot be told."""
    for frame in frames():
        name = frame.name() or ""
        if name.startswith(AWAITS):
            try:
                future = frame.read_var("f")
                if future.type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
                    future = future.referenced_value()
                return future if not future.is_optimized_out else None
            except (gdb.error, ValueError):
                return None
        if not is_own_code(frame):
            return None
    return None


def register():
    register_unwinder(None, unwinder, replace=True)
    gdb.frame_filters[HiddenThread.name] = HiddenThread()
    gdb.events.cont.connect(leave)
    gdb.events.exited.connect(leave)
