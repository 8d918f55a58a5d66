#!/usr/bin/env python3
"""Draws a short trace, from runtime_trace::chrome_json(): what workers run and who wakes whom, and what tasks do.

docs/draw_trace.py trace.json > trace.svg
"""
import json
import pathlib
import sys
from html import escape

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "experiments/report"))
from draw import svg  # noqa: E402

ROW, LEFT, RIGHT, TOP = 22, 124, svg.WIDTH - 20, 62
TURN, READY, SPAN, ASLEEP = 0, 4, 10, 9  # Colours of the reports.
MAX_TASKS = 40


class picture:
    def __init__(self, events):
        slices = [one for one in events if one["ph"] == "X"]
        if not slices:
            sys.exit("there are no turns in this trace")
        # A sleep before the first turn says nothing.
        self.begin = min(one["ts"] for one in slices if one["name"] != "asleep" or len(slices) == 1)
        self.end = max(one["ts"] + one["dur"] for one in slices)
        self.parts, self.top, self.lanes = [], TOP, {}

    def x(self, moment):
        return LEFT + (moment - self.begin) / (self.end - self.begin) * (RIGHT - LEFT)

    def label(self, text, kind="soft"):
        self.parts.append(f'<text class="{kind}" x="20" y="{self.top + 15}">{escape(text[:14])}</text>')

    def bar(self, name, begin, end, colour, top, height=ROW - 3):
        begin = max(begin, self.begin)
        if end < begin:
            return
        left, width = self.x(begin), max(self.x(end) - self.x(begin), 0.8)
        self.parts.append(f'<g><title>{escape(name)}: {end - begin:.1f} us</title><rect x="{left:.1f}" y="{top}" '
                          f'width="{width:.1f}" height="{height}" style="fill:var(--s{colour});fill-opacity:.35"/>')
        if width > 8 * min(len(name), 6):
            self.parts.append(f'<text class="note" x="{left + 3:.1f}" y="{top + 14}">{escape(name[:int(width / 7.5)])}</text>')
        self.parts.append("</g>")

    def scale(self):
        self.parts.append(f'<path class="axis" d="M{LEFT} {TOP - 10}H{RIGHT}"/>')
        for tick in range(5):
            moment = self.begin + (self.end - self.begin) * tick / 4
            anchor = "end" if tick == 4 else "middle" if tick else "start"
            self.parts.append(f'<text class="note" x="{self.x(moment):.0f}" y="{TOP - 16}" text-anchor="{anchor}">'
                              f'{(moment - self.begin) / 1000:.1f} ms</text>')

    def workers(self, events):
        """A lane for each, and arrows from who wakes to who is woken."""
        names = {one["tid"]: one["args"]["name"] for one in events if one["name"] == "thread_name"}
        for thread, name in sorted(names.items()):
            self.label(name, "")
            self.lanes[thread] = self.top
            for one in events:
                if one["ph"] == "X" and one["tid"] == thread:
                    asleep = one["name"] == "asleep"
                    height = 5 if asleep else ROW - 3
                    self.bar("" if asleep else one["name"], one["ts"], one["ts"] + one["dur"], ASLEEP if asleep else TURN,
                             self.top + (ROW - 3 - height) // 2, height)
            self.top += 2 * ROW
        starts = {one["id"]: one for one in events if one["ph"] == "s"}
        for one in events:
            if one["ph"] == "f" and one["id"] in starts:
                self.arrow(starts[one["id"]], one)

    def arrow(self, start, end):
        x, y = self.x(start["ts"]), self.lanes[start["tid"]] + ROW - 3
        to_x, to_y = self.x(end["ts"]), self.lanes[end["tid"]] + (ROW - 3 if end["tid"] <= start["tid"] else 0)
        sag = 16 if start["tid"] == end["tid"] else 0
        self.parts.append(f'<path class="whisker" style="stroke-width:.8;fill:none" d="M{x:.1f} {y}'
                          f'Q{(x + to_x) / 2:.1f} {(y + to_y) / 2 + sag:.1f} {to_x:.1f} {to_y}"/>'
                          f'<circle cx="{to_x:.1f}" cy="{to_y}" r="1.8" style="fill:var(--ink)"/>')

    def tasks(self, events):
        """Turns, waits for a worker below them, and spans."""
        open_, tasks = {}, {}
        for one in events:
            if one["ph"] == "b":
                open_.setdefault((one["cat"], one["id2"]["local"]), []).append(one)
            elif one["ph"] == "e":
                begin = open_[one["cat"], one["id2"]["local"]].pop()
                tasks.setdefault(one["args"]["task"], []).append((begin["name"], begin["cat"], begin["ts"], one["ts"]))
        self.top += 6
        for task, parts in sorted(tasks.items())[:MAX_TASKS]:
            whole = max(parts, key=lambda part: (part[1] == "task", part[3] - part[2]))
            self.label(f"{whole[0]} #{task}")
            self.parts.append(f'<path class="grid" d="M{self.x(max(whole[2], self.begin)):.1f} {self.top + 10}H{self.x(whole[3]):.1f}"/>')
            spans = sorted(part for part in parts if part[1] == "span")
            for name, kind, begin, end in sorted(parts, key=lambda part: part[2] - part[3]):
                if kind == "task" and name in ("runs", "ready"):
                    self.bar("", begin, end, TURN if name == "runs" else READY, self.top + (0 if name == "runs" else 6),
                             ROW - 3 if name == "runs" else 7)
            for name, _, begin, end in sorted(spans, key=lambda part: part[2] - part[3]):
                self.top += ROW - 5
                self.bar(name, begin, end, SPAN, self.top, ROW - 7)
            self.top += ROW


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    made = picture(events)
    made.scale()
    made.workers(events)
    made.tasks(events)
    print(svg.document(made.top + 16, "What workers ran, and what tasks did", "Turns of tasks, wakes, and spans over time",
                       made.parts), end="")


main()
