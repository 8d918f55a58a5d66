"""The commands: bifilar tasks, task, bt, frame, workers, wait-graph, gcore, leave."""
import gdb

from . import cores, fibers, report, tasks, threads, waits


class Prefix(gdb.Command):
    """Tasks of bifilar: coroutines and fibers, in a process or in a core file.

Nothing of the process is called. A task is named by its number, its name, or its address."""

    def __init__(self):
        super().__init__("bifilar", gdb.COMMAND_STACK, prefix=True)


class Command(gdb.Command):
    word = ""

    def __init__(self):
        super().__init__(f"bifilar {self.word}", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if gdb.selected_thread() is None:
            raise gdb.GdbError("bifilar: there is no process and no core file")
        # A thread may stand in assembly, where gdb would not know C++'s names.
        with gdb.with_parameter("language", "c++"):
            self.run(gdb.string_to_argv(argument))


def write(text):
    gdb.write(text)


def one_task(arguments):
    if len(arguments) != 1:
        raise gdb.GdbError("bifilar: name one task: its number, its name or its address")
    return tasks.find(arguments[0])


class Tasks(Command):
    """Lists all tasks: bifilar tasks [TEXT | -group]

TEXT: those alone in whose line it occurs. -group: those that look the same in one line."""

    word = "tasks"

    def run(self, arguments):
        if arguments[:1] in (["-group"], ["-g"]):
            write(report.group_tasks())
        else:
            write(report.list_tasks(arguments[0] if arguments else None))


class One(Command):
    """Tells all of one task: bifilar task ID

What it is and waits for; of a coroutine the frames with their variables, constructed or not."""

    word = "task"

    def run(self, arguments):
        task = one_task(arguments)
        write(report.describe_task(task))
        if task.model == "fiber" and task.is_parked:
            write(report.fiber_text(task))


class Backtrace(Command):
    """The stack of a task: bifilar bt [-all] ID

Of a coroutine the chain of those that await each other, innermost first. Of a parked fiber the frames of its stack,
which are gdb's from then on: `frame 5`, `up`, `print x` and `info locals` work in them, until `bifilar leave` or the
process goes on. Of a task that runs the stack of its thread, which is selected. -all: with the library's own frames."""

    word = "bt"

    def run(self, arguments):
        every = "-all" in arguments
        task = one_task([one for one in arguments if one != "-all"])
        fibers.leave()
        write(f"{task.title()}: {task.model}, {task.state}\n")
        if task.worker is not None:
            self.show_running(task)
            return
        write(report.waits_text(task))
        if task.model != "fiber":
            write(report.chain_text(task))
        elif not fibers.show(task):
            write("  not started\n")
        else:
            self.show_fiber(every)

    @staticmethod
    def show_running(task):
        thread = threads.by_state([task.worker]).get(task.worker.thread_state)
        if task.model == "coroutine":
            write(report.frames_text(waits.chain_of(task), "  "))
        if thread is None:
            write("  its thread is not among gdb's\n")
            return
        thread.switch()
        write(f"thread {thread.num}:\n")
        gdb.execute("backtrace")

    @staticmethod
    def show_fiber(every):
        if every:
            gdb.execute("backtrace")
        else:
            write(report.frame_lines(False))
        own = [frame for frame in fibers.frames() if not fibers.is_own_code(frame)]
        (own or list(fibers.frames()))[0].select()
        write(f"frame {gdb.selected_frame().level()} is selected; `bifilar leave` goes back to the thread's own\n")


class Frame(Command):
    """One frame of a task: bifilar frame ID N

Of a fiber as gdb's `frame`. Of a coroutine its variables; $coroutine is the frame then, with all that the compiler has
put into it."""

    word = "frame"

    def run(self, arguments):
        if len(arguments) != 2 or not arguments[1].isdigit():
            raise gdb.GdbError("bifilar: name a task and a frame of those that `bifilar bt` lists")
        task, index = one_task(arguments[:1]), int(arguments[1])
        if task.model == "fiber":
            if not fibers.show(task):
                raise gdb.GdbError("bifilar: the fiber has no frames to show")
            gdb.execute(f"frame {index}")
            return
        chain = waits.chain_of(task) or next(iter(waits.look(waits.awaited(task))[1]), None)
        frames = chain.frames() if chain is not None else []
        if index >= len(frames):
            raise gdb.GdbError(f"bifilar: {task.title()} has {len(frames)} coroutines")
        frame = frames[index]
        write(f"#{index}  {frame.function()} at {report.place(*frame.line())}\n")
        for name, value in frame.variables():
            write(f"{name} = {report.value_text(value, 2000)}\n")
        if frame.type() is not None:
            gdb.set_convenience_variable("coroutine", gdb.Value(frame.address).cast(frame.type().pointer()))


class Workers(Command):
    """Lists the workers of all runtimes: bifilar workers

Each with gdb's thread, what it runs, how many tasks wait in its queues and how many polls it has made."""

    word = "workers"

    def run(self, arguments):
        write(report.list_workers())


class WaitGraph(Command):
    """Who waits for whom: bifilar wait-graph

Locks with their holders, joins, channels, timers and operations; and which tasks wait for each other for ever. A
holder is known by its guard, which must be a variable of the task that holds the lock."""

    word = "wait-graph"

    def run(self, arguments):
        write(report.wait_graph())


class Gcore(Command):
    """Saves a core file with the stacks of fibers: bifilar gcore [FILE]

gdb's own `gcore` leaves most of them out where the kernel guards stacks by markers."""

    word = "gcore"

    def run(self, arguments):
        path = arguments[0] if arguments else cores.default_path()
        fibers.leave()
        pages = cores.save(path)
        write(f"{path}, with {pages:,} pages of stacks\n")


class Leave(Command):
    """Goes back from a fiber's frames to those of the selected thread: bifilar leave"""

    word = "leave"

    def run(self, arguments):
        fibers.leave()


def register():
    Prefix()
    for command in (Tasks, One, Backtrace, Frame, Workers, WaitGraph, Gcore, Leave):
        command()
