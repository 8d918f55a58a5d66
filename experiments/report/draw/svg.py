# Charts as SVG text: sweeps (lines over a size) and bars, for light and dark pages, alone or within an HTML page.
# Hand-written, so that reports need nothing but Python's standard library. A series has its colour, mark and dash.
# A measured point is {median, and where they are known: least, most, low, high (its interval), samples}.
import math
import re
from html import escape

from base import numbers
from draw import palette
from judge import interval

WIDTH = 860
DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 4", "6 2 2 2"]
WRAP = 34  # Characters of a bar's name on a line.


def style():
    """Rules for one picture by itself. All of them begin with .chart, so that they do no harm within a page."""
    series = "".join(f".chart .s{i}{{stroke:var(--s{i})}}.chart .f{i}{{fill:var(--s{i});stroke:var(--s{i})}}"
                     for i in range(len(palette.SERIES)))
    return (f".chart{{{palette.variables(0)}}}"
            f"@media screen and (prefers-color-scheme:dark){{.chart{{{palette.variables(1)}}}}}"
            ".chart text{font:13px system-ui,'DejaVu Sans',sans-serif;fill:var(--ink)}"
            ".chart .title{font-size:15px;font-weight:600}.chart .soft{fill:var(--soft)}.chart .note{font-size:12px}"
            ".chart .page{fill:var(--page)}.chart .line{fill:none;stroke-width:2}.chart .spread{fill:none;stroke-width:1.3}"
            ".chart .grid{stroke:var(--grid);stroke-width:1}.chart .axis,.chart .whisker{stroke:var(--ink);stroke-width:1.3;"
            "fill:none}.chart .sample{fill:var(--page);fill-opacity:.6;stroke:var(--ink);stroke-width:1}"
            ".chart .hollow{fill:var(--page);stroke-width:2}" + series)


def text_width(words, size=13):
    """An upper guess: fonts differ, and text must not overlap in any of them."""
    return len(words) * size * 0.6


class scale:
    """Maps values to pixels, linearly or by the logarithm."""

    def __init__(self, low, high, start, end, log):
        self.log, self.start, self.end = log, start, end
        if log:
            steps = [10.0 ** e * m for e in range(-3, 13) for m in (1, 2, 5)]
            low = max([s for s in steps if s <= low * 1.0001], default=steps[0])
            high = min([s for s in steps if s >= high * 0.9999 and s > low], default=steps[-1])
        else:
            low, high = 0.0, high * 1.05 if high > 0 else 1.0
        self.low, self.high = low, high

    def __call__(self, value):
        if self.log:
            share = (math.log10(max(value, self.low)) - math.log10(self.low)) / (
                math.log10(self.high) - math.log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        if self.log:
            factors = (1, 2, 5) if self.high / self.low <= 150 else (1,)
            steps = [10.0 ** e * m for e in range(-3, 13) for m in factors]
            return [s for s in steps if self.low * 0.999 <= s <= self.high * 1.001]
        step = 10 ** math.floor(math.log10(self.high / 4))
        for factor in (1, 2, 5, 10):
            if self.high / (step * factor) <= 6:
                step *= factor
                break
        return [step * i for i in range(int(self.high / step) + 1)]


def marker(kind, colour, x, y):
    """Eight marks: four shapes, filled, then hollow."""
    look = f's{colour} hollow' if kind % 8 >= 4 else f'f{colour}'
    shapes = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" class="{look}"/>',
        f'<rect x="{x - 3.8:.1f}" y="{y - 3.8:.1f}" width="7.6" height="7.6" class="{look}"/>',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 8.6h-10z" class="{look}"/>',
        f'<path d="M{x:.1f} {y - 5.4:.1f}l5.4 5.4l-5.4 5.4l-5.4 -5.4z" class="{look}"/>',
    ]
    return shapes[kind % 4]


def legend(names, tints, left, top, right):
    """Rows of mark and name; gives the pieces and the first free line below."""
    parts, x, y = [], left, top
    for i, (name, tint) in enumerate(zip(names, tints)):
        need = 44 + text_width(name)
        if x > left and x + need > right:
            x, y = left, y + 22
        parts.append(f'<path d="M{x:.0f} {y - 4}h28" class="line s{tint}" stroke-dasharray="{DASHES[i % 8]}"/>')
        parts.append(marker(i, tint, x + 14, y - 4))
        parts.append(f'<text x="{x + 34:.0f}" y="{y}">{escape(name)}</text>')
        x += need + 12
    return parts, y + 16


def document(height, title, description, parts):
    mark = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby="title-{mark} what-{mark}">',
        f'<title id="title-{mark}">{escape(title)}</title>', f'<desc id="what-{mark}">{escape(description)}</desc>',
        f"<style>{style()}</style>", f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="6"/>',
        f'<text class="title" x="20" y="27">{escape(title)}</text>', *parts, "</svg>", ""])


def spread_of(point):
    """The ends of all that was measured."""
    return point.get("least", point["median"]), point.get("most", point["median"])


def sweep_grid(x, y, sizes, area, labels):
    """Axes and their numbers. `area`: left, right, top, bottom; `labels`: of x, of y, how to write a size."""
    left, right, top, bottom = area
    x_label, y_label, name_x = labels
    parts = [f'<text class="soft" x="20" y="{top - 18}">{escape(y_label)}</text>']
    for tick in y.ticks():
        parts.append(f'<path class="grid" d="M{left} {y(tick):.1f}H{right}"/>')
        parts.append(f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{numbers.lettered(tick)}</text>')
    free = 0.0
    for tick in sizes:
        at, half = x(tick), text_width(name_x(tick)) / 2
        parts.append(f'<path class="axis" d="M{at:.1f} {bottom}v5"/>')
        if at - half > free and at + half < WIDTH - 2:
            parts.append(f'<text x="{at:.1f}" y="{bottom + 20}" text-anchor="middle">{name_x(tick)}</text>')
            free = at + half + 8
    parts.append(f'<path class="axis" d="M{left} {bottom}H{right}"/>')
    parts.append(f'<text class="soft" x="{(left + right) / 2}" y="{bottom + 42}" text-anchor="middle">{escape(x_label)}</text>')
    return parts


def sweep(title, x_label, y_label, series, log_x=True, log_y=True, name_x=numbers.lettered):
    """`series`: {name: [(x, point), …]}. One line each, through the medians."""
    names = list(series)
    tints = palette.colours(names)
    parts, top = legend(names, tints, 20, 54, WIDTH - 20)
    top += 32
    left, right, bottom = 84, WIDTH - 34, top + 320
    points = [p for line in series.values() for p in line]
    sizes = sorted({p[0] for p in points})
    x = scale(sizes[0] or 1, sizes[-1], left, right, log_x)
    if log_x:  # The ends of the data, not of the decade.
        x.low, x.high = sizes[0] / 1.15, sizes[-1] * 1.15
    y = scale(min(spread_of(p)[0] for _, p in points), max(spread_of(p)[1] for _, p in points), bottom, top, log_y)
    parts += sweep_grid(x, y, sizes, (left, right, top, bottom), (x_label, y_label, name_x))
    told = []
    for i, (name, tint) in enumerate(zip(names, tints)):
        line = sorted(series[name], key=lambda p: p[0])
        told.append(f"{name}: {numbers.lettered(line[0][1]['median'])} at {name_x(line[0][0])}, "
                    f"{numbers.lettered(line[-1][1]['median'])} at {name_x(line[-1][0])}")
        path = "L".join(f"{x(size):.1f} {y(p['median']):.1f}" for size, p in line)
        parts.append(f'<path class="line s{tint}" stroke-dasharray="{DASHES[i % 8]}" d="M{path}"/>')
        for size, point in line:
            least, most = spread_of(point)
            if abs(y(least) - y(most)) > 3:
                parts.append(f'<path class="spread s{tint}" d="M{x(size):.1f} {y(least):.1f}V{y(most):.1f}"/>')
            parts.append(marker(i, tint, x(size), y(point["median"])))
            if "oversubscribed" in point:
                parts.append(f'<circle class="whisker" cx="{x(size):.1f}" cy="{y(point["median"]):.1f}" r="9"/>')
    spread = any("least" in p for _, p in points)
    note = "Mark: median. Upright line: from the least to the most repetition." if spread else "Mark: median; the spread was not kept."
    if any("oversubscribed" in p for _, p in points):
        note += " Ringed: oversubscribed, more workers than processors."
    parts.append(f'<text class="soft note" x="20" y="{bottom + 64}">{note}</text>')
    return document(bottom + 78, title, f"Lines of {y_label} over {x_label}. " + "; ".join(told) + ".", parts)


def wrapped(name):
    """The name on one line or on two."""
    if len(name) <= WRAP:
        return [name]
    at = name.rfind(" ", 0, WRAP + 1)
    return [name[:at], name[at + 1:]] if at > 0 else [name]


def bar(point, tint, x, left, y, log_x):
    """One bar or, on a logarithmic axis, which has no zero for it to begin at, a mark; and what is known of the spread."""
    parts, end = [], x(point["median"])
    if not log_x:
        width = max(1.0, end - left)
        parts.append(f'<rect class="f{tint}" x="{left:.1f}" y="{y - 9}" width="{width:.1f}" height="18" opacity="0.8"/>')
    for value in point.get("samples", []):
        parts.append(f'<circle class="sample" cx="{x(value):.1f}" cy="{y}" r="2.6"/>')
        end = max(end, x(value) + 3)
    if log_x:
        parts.append(f'<path class="f{tint}" d="M{x(point["median"]):.1f} {y - 7}l7 7l-7 7l-7 -7z"/>')
        end = max(end, x(point["median"]) + 7)
    if "low" in point and x(point["high"]) - x(point["low"]) > 3:
        low, high = x(point["low"]), x(point["high"])
        parts.append(f'<path class="whisker" d="M{low:.1f} {y}H{high:.1f}M{low:.1f} {y - 6}v12M{high:.1f} {y - 6}v12"/>')
        end = max(end, high)
    parts.append(f'<text x="{end + 8:.1f}" y="{y + 5}">{numbers.lettered(point["median"])}</text>')
    return parts


def bars(title, x_label, rows, log_x=False):
    """`rows`: [(name, point), …]. One bar each, with every repetition and the median as a number."""
    lines = [wrapped(name) for name, _ in rows]
    tints = palette.colours([name for name, _ in rows])
    left = 30 + max(text_width(line) for name in lines for line in name)
    right, top, pitch = WIDTH - 100, 50, 32 if max(map(len, lines)) == 1 else 38
    bottom = top + pitch * len(rows)
    x = scale(min(spread_of(p)[0] for _, p in rows), max(spread_of(p)[1] for _, p in rows), left, right, log_x)
    parts, free = [], 0.0
    for tick in x.ticks():
        half = text_width(numbers.lettered(tick)) / 2
        parts.append(f'<path class="grid" d="M{x(tick):.1f} {top}V{bottom}"/>')
        if x(tick) - half > free:
            parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{numbers.lettered(tick)}</text>')
            free = x(tick) + half + 8
    for i, (_, point) in enumerate(rows):
        y = top + pitch * i + pitch // 2
        for j, line in enumerate(lines[i]):
            at = y + 5 + (j * 15 - 8 if len(lines[i]) > 1 else 0)
            parts.append(f'<text x="{left - 10:.1f}" y="{at}" text-anchor="end">{escape(line)}</text>')
        parts += bar(point, tints[i], x, left, y, log_x)
    parts.append(f'<path class="axis" d="M{left:.1f} {top}V{bottom}"/>')
    parts.append(f'<text class="soft" x="{(left + right) / 2:.0f}" y="{bottom + 40}" text-anchor="middle">{escape(x_label)}</text>')
    what = "Diamond" if log_x else "Bar"
    spread = any("samples" in point for _, point in rows)
    few = any(interval.few(point) for _, point in rows)
    ends = f"95 % of it, or least to most of fewer than {interval.FEWEST}" if few else "95 % interval of the median"
    note = (f"{what}: median. Line with ends: {ends}. Circles: every repetition." if spread else
            f"{what}: median; the spread was not kept.")
    parts.append(f'<text class="soft note" x="20" y="{bottom + 64}">{note}</text>')
    told = "; ".join(f"{name}: {numbers.lettered(point['median'])}" for name, point in rows)
    return document(bottom + 78, title, f"{'Marks' if log_x else 'Bars'} of {x_label}. {told}.", parts)
