# What changed between two runs. A figure changed if a rank test of its repetitions says so after correction for the
# number of figures, and if it moved by more than code that is not ours did meanwhile: that is drift and noise.
import argparse
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys

import claims as all_claims
import meanwhile
import page
import programs
import rank_test
import runs
import verdict_changes

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Contenders that are none of this library's code: what they move by, the machine and its hour did. Threads, bare loops but
# that over our own switch, Boost's own switch, and the peers.
CONTROLS = re.compile(r"^(go|tokio|flume|async-channel|boost|libuv|python|node|gjs|ruby|rust|lua|thread|futex|pipe)\b|^two threads$|"
                      r"^(?!fiber_context\b).*\bbare\b|jump_fcontext|asio", re.IGNORECASE)
FEWEST_CONTROLS = 4  # On a page; with fewer, those of all pages stand in.


class refused(Exception):
    """Wrong use, in a sentence that names the remedy."""


def parsed(name, text):
    try:
        report = json.loads(text)
        return report if isinstance(report, dict) and "workloads" in report else None
    except json.JSONDecodeError as error:
        raise refused(f"{name} is no JSON ({error}); make it again with experiments/run") from None


def from_folder(folder):
    inner = folder / "data" if (folder / "data").is_dir() else folder
    return {path.stem: parsed(path, path.read_text(encoding="utf-8")) for path in sorted(inner.glob("*.json"))}


def git(*words):
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)


def from_revision(revision):
    listing = git("ls-tree", "--name-only", f"{revision}:reports/data")
    if listing.returncode != 0:
        known = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").returncode == 0
        raise refused(f"the revision {revision} has no folder reports/data" if known else
                      f"'{revision}' is neither a folder nor a git revision; name a folder with measured JSON or a commit")
    names = [name for name in listing.stdout.split("\n") if name.endswith(".json")]
    return {name[:-5]: parsed(f"{revision}:reports/data/{name}", git("show", f"{revision}:reports/data/{name}").stdout)
            for name in names}


def load(place):
    """{page: report} of a folder, of a folder of reports, or of a git revision."""
    folder = pathlib.Path(place)
    reports = from_folder(folder) if folder.is_dir() else from_revision(place)
    reports = {name: report for name, report in reports.items() if report is not None}
    if not reports:
        raise refused(f"{place} has no measured JSON; experiments/run writes it to reports/data")
    return reports


def figures(reports):
    """{(page, path within it): contender} of all that was repeated."""
    return {(name, f"{work['id']}@{work['size']:.12g}/{one['name']}"): {**one, "unit": work["unit"]}
            for name, report in reports.items() for work in report["workloads"] for one in work["contenders"]
            if one.get("samples")}


def of_bytes(row):
    return row["before"]["unit"].startswith("bytes")


def controls_of(name, rows):
    """Figures of foreign code: the page's own or, where those are too few, those of all pages that count the same."""
    own = [row for row in rows if row["control"] and row["page"] == name]
    if len(own) >= FEWEST_CONTROLS:
        return own
    kind = next(of_bytes(row) for row in rows if row["page"] == name)
    return [row for row in rows if row["control"] and of_bytes(row) == kind]


def drifts(rows):
    """{page: the median ratio of foreign code}: what the machine or its hour did to all figures alike."""
    result = {}
    for name in {row["page"] for row in rows}:
        controls = controls_of(name, rows)
        result[name] = math.exp(statistics.median(math.log(row["ratio"]) for row in controls)) \
            if len(controls) >= FEWEST_CONTROLS else 1.0
    return result


def moved(row):
    """How far a figure moved beyond the drift, up or down alike: 0.1 is a tenth up, or down to 1 / 1.1."""
    return math.exp(abs(math.log(row["own_ratio"]))) - 1


def floors(rows, least):
    """{page: the movement beyond the drift that nine of ten figures of foreign code stayed within, at least `least`}."""
    result = {}
    for name in {row["page"] for row in rows}:
        distances = sorted(moved(row) for row in controls_of(name, rows))
        result[name] = max([least, *distances[:math.ceil(0.9 * len(distances))]])
    return result


def compared(before, after):
    """(a dictionary for each figure that both have, with the corrected chance that nothing but the drift happened,
    paths that only the first has, paths that only the second has)."""
    old, new, test = figures(before), figures(after), rank_test.rank_test()
    rows = []
    for key in old:
        if key in new and old[key]["median"] > 0 and new[key]["median"] > 0:
            one, other = old[key], new[key]
            rows.append({"page": key[0], "path": f"{key[0]}/{key[1]}", "control": bool(CONTROLS.search(one["name"])),
                         "before": one, "after": other, "ratio": other["median"] / one["median"],
                         "least": rank_test.least_chance(len(one["samples"]), len(other["samples"]))})
    drift = drifts(rows)
    for row in rows:
        row["drift"] = drift[row["page"]]
        row["own_ratio"] = row["ratio"] / row["drift"]
        row["chance"] = test(row["before"]["samples"], [sample / row["drift"] for sample in row["after"]["samples"]])
    for row, chance in zip(rows, rank_test.corrected([row["chance"] for row in rows])):
        row["corrected"] = chance
    return rows, [f"{name}/{path}" for name, path in old if (name, path) not in new], \
        [f"{name}/{path}" for name, path in new if (name, path) not in old]


def changes(rows, chance, floor):
    """The figures of ours that changed, the farthest first."""
    return sorted((row for row in rows if not row["control"] and row["corrected"] <= chance and moved(row) > floor[row["page"]]),
                  key=moved, reverse=True)


def percent(ratio):
    return f"{(ratio - 1) * 100:+.1f} %" if ratio < 2 else f"{ratio:.3g} times"


def line(row):
    low, high = rank_test.ratio_interval(row["before"]["samples"], row["after"]["samples"])
    return [f"`{row['path']}`", page.shown(row["before"]["median"]), page.shown(row["after"]["median"]), row["after"]["unit"],
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
    return lines + [page.table_of_words(table), "", *runs.spaced(beside)]


def floor_lines(rows, floor):
    table = [["page", "drift", "noise floor", "figures of foreign code"]]
    for name, drift in sorted(drifts(rows).items()):
        controls = controls_of(name, rows)
        own = sum(row["page"] == name for row in controls)
        table.append([name, percent(drift), f"{floor[name] * 100:.1f} %",
                      f"{len(controls)}" + (f", {len(controls) - own} of other pages" if own < len(controls) else "")])
    return ["## Drift and noise", "", "Code that is not this library's (peers, threads, bare loops) moved by the drift, in the median: "
            "that is the machine or its hour, and is taken off. Nine of ten of its figures then stayed within the noise floor.", "",
            page.table(table), ""]


def report(names, before, after, claims, options):
    """The Markdown, whether a verdict changed that was close in neither run, and whether anything changed."""
    rows, gone, added = compared(before, after)
    floor = floors(rows, options.floor)
    changed = changes(rows, options.chance, floor)
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
            lines += [f"## {title}", "", page.table([head, *[line(row) for row in some]]), ""]
    lines += verdict_changes.lines(pairs, flips) + program_lines(before, after) + floor_lines(rows, floor)
    for what, some in (("Only before", gone), ("Only after", added)):
        if some:
            lines += [f"{what}, {len(some)}: " + ", ".join(f"`{path}`" for path in some[:12]) + (", …" if len(some) > 12 else "") + ".", ""]
    return "\n".join(lines), bool(verdict_changes.unforeseen(flips.decided)), bool(changed or flips.decided)


def share(text):
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1; 0.05 is usual")
    return value


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="experiments/compare", description="Says in Markdown what changed between two runs.",
        epilog="A and B: folders with measured JSON (or that have one in data/), or git revisions, whose reports/data is taken. "
               "Ends with 0; with 1 if a verdict changed that was close in neither run, or anything and --fail-on-change was given; "
               "with 2 if it could not compare.")
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--fail-on-change", action="store_true", help="end with 1 also if a figure or a close verdict changed")
    parser.add_argument("--chance", type=share, default=0.05, help="of what is called changed, the share that may be none (0.05)")
    parser.add_argument("--floor", type=share, default=0.03, help="the least movement that counts, whatever the noise (0.03)")
    options = parser.parse_args(arguments)
    try:
        before, after = load(options.a), load(options.b)
        if not set(before) & set(after):
            raise refused(f"{options.a} has {', '.join(before)} and {options.b} has {', '.join(after)}: no page is in both")
    except refused as reason:
        print(f"experiments/compare: {reason}", file=sys.stderr)
        return 2
    claims = all_claims.load(HERE.parent)
    text, surprising, changed = report((options.a, options.b), before, after, claims, options)
    print(text)
    return 1 if surprising or changed and options.fail_on_change else 0
