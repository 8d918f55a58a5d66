# The picture of the summary: for each piece of work, how many times a coroutine's cost a fiber's is, round by round. Which
# works are drawn stands in experiments/summary.json.
from html import escape

from base import numbers
from draw import svg
from judge import findings, readings, rounds

FIBER, COROUTINE = 4, 0  # Their colours, as everywhere.
PITCH = 30


def rows(entries, reports):
    """([(words, ratio, low, high)], the largest first; [(name, why it is not drawn)])."""
    found, left_out = [], []
    for entry in entries:
        try:
            values = findings.values_of(entry, reports)
            ratio = rounds.compared("fiber / coroutine", entry["figures"], reports)
        except readings.missing as absence:
            left_out.append((findings.filled(entry["name"], findings.sizes_of(entry)), str(absence)))
        else:
            found.append((findings.filled(entry["name"], values), ratio["median"], *ratio["ends"]))
    return sorted(found, key=lambda row: row[1], reverse=True), left_out


def draw(title, found):
    left = 30 + max(svg.text_width(name) for name, *_ in found)
    top, right = 74, svg.WIDTH - 100
    bottom = top + PITCH * len(found)
    x = svg.scale(min(0.5, *(low for _, _, low, _ in found)), max(2, *(high for *_, high in found)), left, right, True)
    parts = ['<text class="soft" x="20" y="48">times as much as a coroutine (log); left of 1 the fiber takes less</text>']
    for tick in x.ticks():
        kind = "axis" if tick == 1 else "grid"
        parts.append(f'<path class="{kind}" d="M{x(tick):.1f} {top}V{bottom}"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{numbers.lettered(tick)}</text>')
    for i, (name, ratio, low, high) in enumerate(found):
        y, tint = top + PITCH * i + PITCH // 2, FIBER if ratio >= 1 else COROUTINE
        parts.append(f'<text x="{left - 10:.1f}" y="{y + 5}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<path class="line s{tint}" style="stroke-width:5;opacity:.55" d="M{x(1):.1f} {y}H{x(ratio):.1f}"/>')
        if x(high) - x(low) > 3:
            parts.append(f'<path class="whisker" d="M{x(low):.1f} {y}H{x(high):.1f}M{x(low):.1f} {y - 5}v10M{x(high):.1f} {y - 5}v10"/>')
        parts.append(svg.marker(0 if ratio >= 1 else 1, tint, x(ratio), y))
        parts.append(f'<text x="{max(x(ratio) + 6, x(high)) + 8:.1f}" y="{y + 5}">{numbers.FORMATS["times"](ratio)}</text>')
    parts.append(f'<text class="soft note" x="20" y="{bottom + 44}">Mark: the median of the ratios of all rounds. Line with ends: its 95 %, or least to most of fewer than six rounds.</text>')
    told = "; ".join(f"{name}: {numbers.FORMATS['times'](ratio)}" for name, ratio, _, _ in found)
    return svg.document(bottom + 58, title, f"For each work, a fiber's cost over a coroutine's. {told}.", parts)


def write(words, reports, folder):
    """Writes the picture to the folder. Gives the Markdown that shows it, and what it leaves out."""
    found, left_out = rows(words["ratios"], reports)
    if not found:
        return "", left_out
    (folder / "summary-ratios.svg").write_text(draw(words["chart"], found), encoding="utf-8")
    return f"![{words['chart']}](summary-ratios.svg)", left_out
