"""bifilar's tasks in gdb."""
import gdb

from . import commands, fibers, printers, tasks


def register():
    """Makes the commands known. Called again, it renews them."""
    fibers.register()
    commands.register()
    printers.register()
    for event in (gdb.events.cont, gdb.events.exited, gdb.events.memory_changed, gdb.events.inferior_call):
        event.connect(tasks.look_again)
    gdb.events.new_objfile.connect(tasks.forget)
    gdb.events.inferior_deleted.connect(tasks.forget)
