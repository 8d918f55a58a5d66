"""Which of gdb's threads is which worker: by where a thread keeps its thread_local variables."""
import gdb

from . import layout

THREAD_POINTERS = {"i386:x86-64": "fs_base", "aarch64": "tpidr"}


def by_state(workers):
    """gdb's thread of each worker, by the address of the worker's thread_state. A worker of a thread that has ended, or
    whose thread gdb does not see, has none."""
    register = THREAD_POINTERS.get(gdb.selected_inferior().architecture().name())
    states = {worker.thread_state for worker in workers if worker.thread_state}
    before = gdb.selected_thread()
    if register is None or before is None or not states:
        return {}
    distances = {}
    level = gdb.selected_frame().level()
    try:
        for thread in gdb.selected_inferior().threads():
            if not thread.is_valid():
                continue
            thread.switch()
            try:
                pointer = int(gdb.newest_frame().read_register(register))
            except (gdb.error, ValueError):
                continue
            for state in states:
                distances.setdefault(state, []).append((abs(pointer - state), thread.num, thread))
    finally:
        before.switch()
        _select(level)
    # The variables lie beside the thread's pointer, and those of two threads are a stack apart.
    return {state: min(found)[2] for state, found in distances.items()}


def _select(level):
    frame = gdb.newest_frame()
    while frame.level() < level and frame.older() is not None:
        frame = frame.older()
    frame.select()


def all_workers():
    """(runtime, worker) of all runtimes."""
    return [(runtime, worker) for runtime in layout.runtimes() for worker in runtime.workers()]
