# Draws what the machine is made of, from the tree that the harness has of hwloc: boxes in boxes, down to the cores.
# A part that is all of its parent shares its box. Boxes stand in rows and go on in the next where the page ends.
from html import escape

from base import numbers
from draw import svg
from runs import seats

FILE = "machine-topology.svg"
TITLE = "What the machine is made of"
LINE, PAD, GAP = 17, 10, 8  # Pixels: a line of text, within a box, between boxes.


def label(part):
    if part["kind"] == "machine":
        words = ["machine"]
    elif "bytes" in part:
        words = [f"{part['kind']} {part['number']}, {numbers.binary(part['bytes'])}"]
    else:
        words = [f"{part['kind']} {part['number']}"]
    return words + [f"NUMA node {node['number']}, {numbers.binary(node['bytes'])}" for node in part.get("nodes", [])]


def folded(part):
    """(lines, boxes within): a chain of only children is one box, and processors are a line of their core's."""
    lines = label(part)
    inner = part.get("parts", [])
    while len(inner) == 1 and inner[0]["kind"] != "CPU":
        lines, inner = lines + label(inner[0]), inner[0].get("parts", [])
    if inner and all(one["kind"] == "CPU" for one in inner):
        return lines + [f"CPU {seats.listed(one['number'] for one in inner)}"], []
    return lines, [folded(one) for one in inner]


def rows_of(boxes, width):
    """Boxes that are drawn within `width`, in rows: [[(box, its width, its height)]]."""
    rows, used = [[]], 0
    for box in boxes:
        own_width, own_height = size(box, width)
        if rows[-1] and used + GAP + own_width > width + 0.5:  # Sums of fractions come out a little apart.
            rows.append([])
            used = 0
        used += own_width + (GAP if rows[-1] else 0)
        rows[-1].append((box, own_width, own_height))
    return rows


def size(box, most):
    """The width and height of a box that may be `most` wide."""
    lines, inner = box
    width = max(svg.text_width(line, 12) for line in lines) + 2 * PAD
    height = len(lines) * LINE + 2 * PAD
    if inner:
        rows = rows_of(inner, most - 2 * PAD)
        width = max([width] + [sum(one[1] for one in row) + GAP * (len(row) - 1) + 2 * PAD for row in rows])
        height += sum(max(one[2] for one in row) + GAP for row in rows) - GAP / 2
    return width, height


def draw(box, left, top, width, height):
    lines, inner = box
    parts = [f'<rect class="axis" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5"/>']
    for at, line in enumerate(lines):
        parts.append(f'<text class="note" x="{left + PAD:.1f}" y="{top + PAD + 12 + at * LINE:.1f}">{escape(line)}</text>')
    y = top + PAD + len(lines) * LINE + GAP / 2
    for row in rows_of(inner, width - 2 * PAD) if inner else []:
        x, tallest = left + PAD, max(one[2] for one in row)
        for one, own_width, _ in row:
            parts += draw(one, x, y, own_width, tallest)
            x += own_width + GAP
        y += tallest + GAP
    return parts


def told(box):
    """The same in words, for who hears the picture."""
    lines, inner = box
    if not inner:
        return ", ".join(lines)
    return f"{', '.join(lines)}; within: " + "; ".join(f"({told(one)})" for one in inner)


def make(tree):
    """The picture, as SVG."""
    box = folded(tree)
    width, height = size(box, svg.WIDTH - 40)
    return svg.document(44 + height + 20, TITLE, f"Boxes in boxes. {told(box)}.", draw(box, 20, 44, width, height))
