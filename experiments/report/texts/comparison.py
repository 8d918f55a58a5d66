# What changed between two runs, in Markdown: machines, figures, verdicts, programs, and the noise of both.
from base import numbers
from judge import changes, ranks, verdict_changes
from judge import verdict as verdicts
from runs import meanwhile, programs, runs
from texts import markdown_table

SAME = ("A verdict is the same when today's rules give both runs the same words, those of a close one with all that it may be. "
        "A claim that only one run decides is different, and so is one that neither measured.")


def percent(ratio):
    return f"{(ratio - 1) * 100:+.1f} %" if ratio < 2 else f"{ratio:.3g} times"


def line(row):
    low, high = ranks.ratio_interval(row["before"]["samples"], row["after"]["samples"])
    return [f"`{row['path']}`", numbers.shown(row["before"]["median"]), numbers.shown(row["after"]["median"]), row["after"]["unit"],
            percent(row["ratio"]), percent(row["own_ratio"]), f"{percent(low / row['drift'])} … {percent(high / row['drift'])}",
            f"{row['corrected']:.2g}"]


ALWAYS_SAID = ("processor", "processors", "kernel", "compiler", "build")
SAID_SINCE = ("caches", "vendor", "family", "model", "stepping")  # Not in older reports, of which nothing is known then.


def warnings(before, after):
    """What differs about the machines and the runs, each once with its pages."""
    found = {}
    for name in sorted(set(before) & set(after)):
        one, other = before[name]["machine"], after[name]["machine"]
        for what in ALWAYS_SAID + SAID_SINCE:
            if one.get(what) != other.get(what) and (what in ALWAYS_SAID or (what in one and what in other)):
                was, now = ("; ".join(value) if isinstance(value, list) else value for value in (one.get(what), other.get(what)))
                found.setdefault(f"{what}: was {was} and is {now}; differences may be the machine's", []).append(name)
        if before[name]["quick"] != after[name]["quick"]:
            found.setdefault("one run was quick and the other was not; their sizes and repetitions differ", []).append(name)
    return [f"> {', '.join(names)}: {words}." for words, names in found.items()]


def program_lines(before, after):
    """Whether both sides measured the same programs, by their checksums; a warning where they did not."""
    both = sorted(set(before) & set(after))
    differ = {name: programs.differing(before[name], after[name]) for name in both}
    same = [name for name in both if differ[name] == []]
    unknown = [name for name in both if differ[name] is None]
    lines = ["## What was measured", "", *([f"> Not the same programs: {'; '.join(found)}. Differences may be the code's.", ""] if
             (found := [f"{name} ({', '.join(files)})" for name, files in differ.items() if files]) else [])]
    lines += [f"Of {len(both)} pages, {len(same)} were measured with the same programs on both sides, by their checksums"
              + (f"; of {len(unknown)} it is not noted: {', '.join(unknown)}" if unknown else "") + ".", ""]
    table = [["side", *runs.HEAD]] + [[side, *row] for side, reports in (("before", before), ("after", after))
                                      for row in runs.rows(reports, ", ".join)]
    beside = [f"{side}: {sentence}" for side, reports in (("Before", before), ("After", after)) if (sentence := meanwhile.beside(reports))]
    return lines + [markdown_table.table_of_words(table), "", *runs.spaced(beside)]


def floor_lines(rows, floor):
    table = [["page", "drift", "noise floor", "figures of foreign code"]]
    for name, drift in sorted(changes.drifts(rows).items()):
        controls = changes.controls_of(name, rows)
        own = sum(row["page"] == name for row in controls)
        table.append([name, percent(drift), f"{floor[name] * 100:.1f} %",
                      f"{len(controls)}" + (f", {len(controls) - own} of other pages" if own < len(controls) else "")])
    return ["## Drift and noise", "", "Code that is not this library's (peers, threads, bare loops) moved by the drift, in the median: "
            "that is the machine or its hour, and is taken off. Nine of ten of its figures then stayed within the noise floor.", "",
            markdown_table.table(table), ""]


def verdict_lines(pairs, flipped):
    """`flipped`: flips() of the same pairs."""
    count = len(pairs)
    same, different = verdict_changes.agreement(pairs)
    near = [str(claim["id"]) for claim, one, _ in same if one["close"]]
    kinds = {}
    for claim, one, other in different:
        kinds.setdefault(verdict_changes.kind(one, other), []).append(str(claim["id"]))
    text = ["## Verdicts", "", f"**The same verdict: {len(same)} of {count}.** {SAME}", ""]
    if near:
        text += [f"Close, and the same in both: {', '.join(near)}.", ""]
    if kinds:
        text += ["Different: " + "; ".join(f"{len(ids)} {what} ({', '.join(ids)})" for what, ids in sorted(kinds.items())) + ".", ""]
    text += [f"By their medians alone {len(flipped.decided)} of {count} claims changed their verdict; "
             f"{len(flipped.one_only)} have one in one run only. Of the changed ones {len(verdict_changes.unforeseen(flipped.decided))} were close in neither run: "
             "what the intervals of the figures do not explain.", ""]
    if shown := [entry for entry in different if verdict_changes.kind(*entry[1:]) != "measured by neither"]:
        rows = [[f"{claim['id']}, {claim['page']}", verdicts.words(one), verdicts.words(other), verdict_changes.kind(one, other)]
                for claim, one, other in shown]
        text += [markdown_table.table_of_words([["claim", "before", "after", "why different"], *rows]), ""]
    return text


def report(names, before, after, claims, options):
    """The Markdown, whether a verdict changed that was close in neither run, and whether anything changed."""
    rows, gone, added = changes.compared(before, after)
    floor = changes.floors(rows, options.floor)
    changed = changes.changes(rows, options.chance, floor)
    within = sum(not row["control"] and row["corrected"] <= options.chance for row in rows) - len(changed)
    blind = sum(row["least"] > options.chance for row in rows)
    pairs = verdict_changes.judged(before, after, claims)
    flips = verdict_changes.flips(pairs)
    lines = [f"# {names[0]} to {names[1]}", "", *[one + "\n" for one in warnings(before, after)],
             f"{len(rows)} figures are in both. **{len(changed)} changed**: their rank test, corrected for {len(rows)} tests "
             f"(Benjamini and Hochberg), says so at {options.chance:g}, and they moved beyond the drift of foreign code by more than their page's noise floor. "
             f"{within} more differ by less than that floor; {blind} have too few repetitions for any difference to be told.", ""]
    head = ["figure", "before", "after", "unit", "change", "beyond drift", "95 % of that", "corrected chance"]
    for title, some in (("Took more, or became larger", [row for row in changed if row["own_ratio"] > 1]),
                        ("Took less, or became smaller", [row for row in changed if row["own_ratio"] < 1])):
        if some:
            lines += [f"## {title}", "", markdown_table.table([head, *[line(row) for row in some]]), ""]
    lines += verdict_lines(pairs, flips) + program_lines(before, after) + floor_lines(rows, floor)
    for what, some in (("Only before", gone), ("Only after", added)):
        if some:
            lines += [f"{what}, {len(some)}: " + ", ".join(f"`{path}`" for path in some[:12]) + (", …" if len(some) > 12 else "") + ".", ""]
    return "\n".join(lines), bool(verdict_changes.unforeseen(flips.decided)), bool(changed or flips.decided)


