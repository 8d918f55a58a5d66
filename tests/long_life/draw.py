#!/usr/bin/env python3
"""Draws the curves of long lives, a line for each file, named as the file is.

tests/long_life/draw.py epoll.csv io_uring.csv > docs/long-life.svg
"""
import csv
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "experiments/report"))
from draw import palette, svg  # noqa: E402

PANELS = {"resident_bytes": "resident memory, MiB", "descriptors": "descriptors", "tasks": "tasks", "timers": "timers"}
HEIGHT, LEFT, RIGHT = 120, 84, svg.WIDTH - 34


def read(path):
    with open(path, newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    if len(rows) < 3:
        sys.exit(f"{path}: a curve of {len(rows)} moments cannot be drawn")
    for row in rows:
        row["resident_bytes"] /= 1 << 20
    return rows[:-1]  # The last one is of the quiet after it.


def panel(key, label, curves, tints, top):
    seconds = [row["seconds"] for rows in curves.values() for row in rows]
    bottom = top + HEIGHT
    x = svg.scale(0, max(seconds) / 1.05, LEFT, RIGHT, False)
    y = svg.scale(0, max(row[key] for rows in curves.values() for row in rows), bottom, top, False)
    parts = [f'<text class="soft" x="20" y="{top - 10}">{label}</text>']
    for tick in y.ticks():
        parts.append(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for rows, tint in zip(curves.values(), tints):
        path = "L".join(f"{x(row['seconds']):.1f} {y(row[key]):.1f}" for row in rows)
        parts.append(f'<path class="line s{tint}" d="M{path}"/>')
    for tick in x.ticks():
        parts.append(f'<path class="axis" d="M{x(tick):.1f} {bottom}v5"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 20}" text-anchor="middle">{tick:g} s</text>')
    return [*parts, f'<path class="axis" d="M{LEFT} {bottom}H{RIGHT}"/>']


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    curves = {pathlib.Path(path).stem: read(path) for path in sys.argv[1:]}
    tints = palette.colours(list(curves))
    parts, top = svg.legend(list(curves), tints, 20, 54, svg.WIDTH - 20)
    for key, label in PANELS.items():
        parts += panel(key, label, curves, tints, top + 28)
        top += HEIGHT + 64
    told = "; ".join(f"{name}: {rows[-1]['resident_bytes']:.1f} MiB after {rows[-1]['seconds']:.0f} s"
                     for name, rows in curves.items())
    print(svg.document(top + 10, "What a runtime holds in a long life", told, parts), end="")


main()
