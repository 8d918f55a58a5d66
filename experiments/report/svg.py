# Charts as SVG text: sweeps (lines over a size) and bars with whiskers, for light and dark pages.
# Hand-written, so that reports need nothing but Python's standard library.
# Colours: Okabe and Ito's set, safe for colour-blind readers; series also differ in marker and dash.
import math
from html import escape

WIDTH = 860
LIGHT = ["#0072b2", "#d55e00", "#00795a", "#a6478a", "#8a6100", "#3d3d3d", "#2b8cbe", "#b2182b"]
DARK = ["#56b4e9", "#ff9a4d", "#2fd3a5", "#e79ac8", "#f0e442", "#d0d0d0", "#9fd0ff", "#ff8f8f"]
DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "", "7 3"]


def style():
    def rules(ink, soft, grid, page, colours):
        series = "".join(
            f".s{i}{{stroke:{c}}}.f{i}{{fill:{c};stroke:{c}}}" for i, c in enumerate(colours))
        return (f".page{{fill:{page}}}text{{fill:{ink}}}.soft{{fill:{soft}}}.grid{{stroke:{grid}}}"
                f".axis,.whisker{{stroke:{ink}}}{series}")
    return ("<style>text{font:13px system-ui,'DejaVu Sans',sans-serif}.title{font-size:15px;font-weight:600}"
            ".line{fill:none;stroke-width:2}.grid{stroke-width:1}.axis,.whisker{stroke-width:1.3}"
            + rules("#1f2328", "#57606a", "#dfe3e8", "#ffffff", LIGHT)
            + "@media (prefers-color-scheme:dark){"
            + rules("#e6edf3", "#9da7b3", "#2c333c", "#0d1117", DARK) + "}</style>")


def number(value):
    """Three digits, with thousands separated; powers of ten beyond a million by letter."""
    if value == 0:
        return "0"
    size = abs(value)
    for limit, letter in ((1e9, "G"), (1e6, "M")):
        if size >= limit:
            return f"{value / limit:.3g}{letter}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def binary(value):
    """A number of bytes in powers of two."""
    for limit, letter in ((1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")):
        if value >= limit:
            return f"{value / limit:.3g} {letter}B"
    return f"{value:.3g} B"


def text_width(words, size=13):
    return len(words) * size * 0.58


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


def marker(kind, x, y):
    shapes = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" class="f{kind % 8}"/>',
        f'<rect x="{x - 3.8:.1f}" y="{y - 3.8:.1f}" width="7.6" height="7.6" class="f{kind % 8}"/>',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 8.6h-10z" class="f{kind % 8}"/>',
        f'<path d="M{x:.1f} {y - 5.4:.1f}l5.4 5.4l-5.4 5.4l-5.4 -5.4z" class="f{kind % 8}"/>',
    ]
    return shapes[kind % len(shapes)]


def legend(names, left, top, right):
    """Rows of marker and name; gives the pieces and the first free line below."""
    parts, x, y = [], left, top
    for i, name in enumerate(names):
        need = 44 + text_width(name)
        if x > left and x + need > right:
            x, y = left, y + 20
        parts.append(f'<path d="M{x:.0f} {y - 4}h24" class="line s{i % 8}" stroke-dasharray="{DASHES[i % 8]}"/>')
        parts.append(marker(i, x + 12, y - 4))
        parts.append(f'<text x="{x + 30:.0f}" y="{y}">{escape(name)}</text>')
        x += need + 10
    return parts, y + 16


def document(height, title, parts):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>", style(),
        f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="6"/>',
        f'<text class="title" x="20" y="27">{escape(title)}</text>', *parts, "</svg>", ""])


def sweep(title, x_label, y_label, series, log_x=True, log_y=True, name_x=number):
    """`series`: {name: [(x, median, least, most), …]}. One line each."""
    names = list(series)
    parts, top = legend(names, 20, 52, WIDTH - 20)
    top += 22
    left, right, bottom = 84, WIDTH - 28, top + 300
    points = [p for line in series.values() for p in line]
    x = scale(min(p[0] for p in points) or 1, max(p[0] for p in points), left, right, log_x)
    if log_x:  # The ends of the data, not of the decade.
        x.low, x.high = min(p[0] for p in points) / 1.15, max(p[0] for p in points) * 1.15
    y = scale(min(p[2] for p in points), max(p[3] for p in points), bottom, top, log_y)
    parts.append(f'<text class="soft" x="20" y="{top - 10}">{escape(y_label)}</text>')
    for tick in y.ticks():
        at = y(tick)
        parts.append(f'<path class="grid" d="M{left} {at:.1f}H{right}"/>')
        parts.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    last = -1e9
    for tick in sorted({p[0] for p in points}):
        at = x(tick)
        parts.append(f'<path class="axis" d="M{at:.1f} {bottom}v5"/>')
        if at - last > text_width(name_x(tick)) + 14:
            parts.append(f'<text x="{at:.1f}" y="{bottom + 20}" text-anchor="middle">{name_x(tick)}</text>')
            last = at
    parts.append(f'<path class="axis" d="M{left} {bottom}H{right}"/>')
    parts.append(f'<text class="soft" x="{(left + right) / 2}" y="{bottom + 42}" '
                 f'text-anchor="middle">{escape(x_label)}</text>')
    for i, name in enumerate(names):
        line = sorted(series[name])
        path = "L".join(f"{x(p[0]):.1f} {y(p[1]):.1f}" for p in line)
        parts.append(f'<path class="line s{i % 8}" stroke-dasharray="{DASHES[i % 8]}" d="M{path}"/>')
        for at, median, least, most in line:
            if abs(y(least) - y(most)) > 3:
                parts.append(f'<path class="line s{i % 8}" style="stroke-width:1.2" d="M{x(at):.1f} {y(least):.1f}V{y(most):.1f}"/>')
            parts.append(marker(i, x(at), y(median)))
    return document(bottom + 58, title, parts)


def bars(title, x_label, rows, log_x=False):
    """`rows`: [(name, median, least, most), …]. One bar each, the value at its end, a whisker from least to most.

    On a logarithmic axis, which has no zero for a bar to begin at, a dot instead."""
    left = 30 + max(text_width(row[0]) for row in rows)
    right = WIDTH - 100
    top, pitch = 50, 30
    bottom = top + pitch * len(rows)
    x = scale(min(row[2] for row in rows), max(row[3] for row in rows), left, right, log_x)
    parts = []
    for tick in x.ticks():
        parts.append(f'<path class="grid" d="M{x(tick):.1f} {top}V{bottom}"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{number(tick)}</text>')
    for i, (name, median, least, most) in enumerate(rows):
        y = top + pitch * i + 6
        if log_x:
            parts.append(f'<circle class="f{i % 8}" cx="{x(median):.1f}" cy="{y + 9}" r="6"/>')
        else:
            width = max(1.0, x(median) - left)
            parts.append(f'<rect class="f{i % 8}" x="{left:.1f}" y="{y}" width="{width:.1f}" height="18" opacity="0.85"/>')
        end = x(median)
        if x(most) - x(least) > 3:
            parts.append(f'<path class="whisker" d="M{x(least):.1f} {y + 9}H{x(most):.1f}m0 -5v10M{x(least):.1f} {y + 4}v10"/>')
            end = max(end, x(most))
        parts.append(f'<text x="{left - 8:.1f}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<text x="{end + 8:.1f}" y="{y + 14}">{number(median)}</text>')
    parts.append(f'<path class="axis" d="M{left:.1f} {top}V{bottom}"/>')
    parts.append(f'<text class="soft" x="{(left + right) / 2:.0f}" y="{bottom + 40}" '
                 f'text-anchor="middle">{escape(x_label)}</text>')
    return document(bottom + 56, title, parts)
