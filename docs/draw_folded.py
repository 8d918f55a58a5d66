#!/usr/bin/env python3
"""Draws what tasks wait for, from runtime_dump::folded(): the outermost above, as wide as there are tasks.

docs/draw_folded.py waits.folded > waits.svg
"""
import pathlib
import sys
from html import escape

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "experiments/report"))
from draw import svg  # noqa: E402

ROW, LEFT, TOP = 24, 20, 52
TINTS = {"coroutine": 0, "future": 1, "call": 3, "fiber": 4}  # As on the pages of the reports.


class node:
    def __init__(self):
        self.count, self.below = 0, {}


def read(path):
    root = node()
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            stack, _, count = line.rstrip("\n").rpartition(" ")
            if not stack or not count.isdigit():
                sys.exit(f"{path}:{number}: no stack with a number behind a space")
            at = root
            at.count += int(count)
            for part in stack.split(";"):
                at = at.below.setdefault(part, node())
                at.count += int(count)
    if root.count == 0:
        sys.exit(f"{path}: there are no tasks in it")
    return root


def depth(of):
    return 1 + max(map(depth, of.below.values()), default=0)


def shortened(name, width):
    fits = int((width - 10) / 7)
    return "" if fits < 3 else name if len(name) <= fits else name[:fits - 1] + "…"


def rectangles(of, left, top, pixels, tint):
    parts = []
    for name, below in sorted(of.below.items(), key=lambda pair: -pair[1].count):
        width, colour = below.count * pixels, TINTS.get(name, tint)
        tasks = f"{below.count} task" + "s" * (below.count != 1)
        parts.append(f'<g><title>{escape(name)}: {tasks}</title>'
                     f'<rect x="{left:.1f}" y="{top}" width="{max(width - 1, 0.5):.1f}" height="{ROW - 2}" '
                     f'class="s{colour}" style="fill:var(--s{colour});fill-opacity:.16"/>'
                     f'<text class="note" x="{left + 5:.1f}" y="{top + 15}">{escape(shortened(name, width))}</text></g>')
        parts += rectangles(below, left, top + ROW, pixels, colour)
        left += width
    return parts


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = read(sys.argv[1])
    pixels = (svg.WIDTH - 2 * LEFT) / root.count
    parts = rectangles(root, LEFT, TOP, pixels, 9)
    print(svg.document(TOP + ROW * (depth(root) - 1) + 16, f"What {root.count} tasks wait for",
                       f"{root.count} tasks by their state, model, functions and waits", parts), end="")


main()
