"""All tasks of all runtimes, found by the memory that the library has; nothing of the process is called."""
import gdb

from . import code, layout, memory

MODELS = {"bifilar::stackful::fiber_task<": "fiber", "bifilar::stackless::coroutine_task<": "coroutine",
          "bifilar::stackless::future_task<": "future"}
OWN_BLOCK = "bifilar::stackless::future_task<bifilar::task<"


class Task:
    """One task that has been started and has not completed."""

    _kinds = {}  # What a kind of task is, by its operations: model and name of the class.
    _types = {}

    def __init__(self, runtime, header, place, label, worker):
        self.runtime = runtime
        self.header = header
        self.place = place  # The coroutine's frame, or the block; a fiber's record at the top of its stack.
        self.label = label
        self.worker = worker  # That runs it right now, or None.
        self.number = None

    def _kind(self):
        kind = layout.operations(self.header)
        if kind not in self._kinds:
            # The table has the right name, where a compiler folds functions that are alike; a task with values of its
            # own has a copy of the table.
            name = memory.symbol_at(kind) or ""
            name = name.removesuffix("::kind") if name.endswith("::kind") else code.class_of(
                layout.run_function(self.header)) or ""
            model = next((model for start, model in MODELS.items() if name.startswith(start)), "task")
            if model == "future" and "bifilar::bound_call<" in name:
                model = "call"
            self._kinds[kind] = (model, name)
            # A coroutine in a block of its own, because of its frame's alignment or because GCC 12 does not tell it.
            if name.startswith(OWN_BLOCK) and self.type() is not None:
                self._kinds[kind] = ("coroutine", name)
        return self._kinds[kind]

    @property
    def model(self):
        return self._kind()[0]

    @property
    def class_name(self):
        return self._kind()[1]

    def frame(self):
        """The outermost frame of a coroutine."""
        if not self.class_name.startswith(OWN_BLOCK):
            return self.place
        return memory.number(memory.member(memory.at(self.header, self.type()), "future_"))

    def type(self):
        """The class of the task; None without its debug information."""
        destroy = layout.destroy_function(self.header)
        if destroy not in self._types:
            self._types[destroy] = code.local_type(destroy, "self") or memory.find_type(self.class_name)
        return self._types[destroy]

    @property
    def state(self):
        word = layout.state_word(self.header)
        if self.worker is not None:
            now = f"runs on worker {self.worker.index}"
        elif word & layout.CLAIMED:
            now = "queued"
        else:
            now = "parked"
        return now + (", cancelled" if word & layout.CANCELLING else "")

    @property
    def is_parked(self):
        return self.worker is None and not layout.state_word(self.header) & layout.CLAIMED

    @property
    def name(self):
        return self.label[0] if self.label else None

    def spawned_at(self):
        return f"{self.label[1]}:{self.label[2]}" if self.label and self.label[1] else None

    def title(self):
        name = f' "{self.name}"' if self.name else ""
        return f"task {self.number}{name}"


_numbers = {}  # By address, for as long as gdb runs: what was listed before keeps its number.


_listed = None  # All tasks, until the process goes on.


def all_tasks():
    """Every task, fibers and others, in the order of their numbers."""
    global _listed
    if _listed is None:
        _listed = _look()
    return _listed


def look_again(*_):
    global _listed
    _listed = None
    memory.forget_values()


def _look():
    found = []
    runtimes = layout.runtimes()
    names = layout.labels()
    running = {}
    for runtime in runtimes:
        for worker in runtime.workers():
            if worker.task:
                running[worker.task] = worker
    by_number = {runtime.number: runtime for runtime in runtimes}
    for header, place, owner in layout.frame_headers(set(by_number)):
        found.append(Task(by_number[owner], header, place, names.get(header), running.get(header)))
    for runtime in runtimes:
        for header, record in layout.fiber_headers(runtime):
            found.append(Task(runtime, header, record, names.get(header), running.get(header)))
    for task in found:
        task.number = _numbers.setdefault(task.header, len(_numbers) + 1)
    return sorted(found, key=lambda task: task.number)


def find(text, tasks=None):
    """A task by its number, its name, or an expression that gives its address."""
    tasks = all_tasks() if tasks is None else tasks
    text = text.strip()
    if text.isdigit():
        matching = [task for task in tasks if task.number == int(text)]
    else:
        matching = [task for task in tasks if task.name == text.strip('"')]
        if not matching:
            try:
                address = int(gdb.parse_and_eval(text).cast(gdb.lookup_type("unsigned long")))
            except gdb.error:
                address = None
            matching = [task for task in tasks if address in (task.header, task.place)]
    if not matching:
        raise gdb.GdbError(f"bifilar: no task {text}; `bifilar tasks` lists them by number, name and address")
    if len(matching) > 1:
        raise gdb.GdbError(f"bifilar: {len(matching)} tasks are called {text}; give one of the numbers "
                           + ", ".join(str(task.number) for task in matching[:10]))
    return matching[0]


def forget(*_):
    """Another program, or more of it: what was known of types is out of date."""
    look_again()
    _numbers.clear()
    Task._kinds.clear()
    Task._types.clear()
    code.CoroutineFrame._types.clear()
    code._waits.clear()
    code._begins.clear()
    layout._fibers.clear()
    memory.forget_program()
