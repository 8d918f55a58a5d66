# Which figures changed between two runs: if a rank test of its repetitions says so after correction for the
# number of figures, and if it moved by more than code that is not ours did meanwhile: that is drift and noise.
import math
import re
import statistics

from judge import ranks

# Contenders that are none of this library's code: what they move by, the machine and its hour did. Threads, bare loops but
# that over our own switch, Boost's own switch, and the peers.
CONTROLS = re.compile(r"^(go|tokio|flume|async-channel|boost|libuv|python|node|gjs|ruby|rust|lua|thread|futex|pipe)\b|^two threads$|"
                      r"^(?!fiber_context\b).*\bbare\b|jump_fcontext|asio", re.IGNORECASE)
FEWEST_CONTROLS = 4  # On a page; with fewer, those of all pages stand in.


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
    old, new, test = figures(before), figures(after), ranks.rank_test()
    rows = []
    for key in old:
        if key in new and old[key]["median"] > 0 and new[key]["median"] > 0:
            one, other = old[key], new[key]
            rows.append({"page": key[0], "path": f"{key[0]}/{key[1]}", "control": bool(CONTROLS.search(one["name"])),
                         "before": one, "after": other, "ratio": other["median"] / one["median"],
                         "least": ranks.least_chance(len(one["samples"]), len(other["samples"]))})
    drift = drifts(rows)
    for row in rows:
        row["drift"] = drift[row["page"]]
        row["own_ratio"] = row["ratio"] / row["drift"]
        row["chance"] = test(row["before"]["samples"], [sample / row["drift"] for sample in row["after"]["samples"]])
    for row, chance in zip(rows, ranks.corrected([row["chance"] for row in rows])):
        row["corrected"] = chance
    return rows, [f"{name}/{path}" for name, path in old if (name, path) not in new], \
        [f"{name}/{path}" for name, path in new if (name, path) not in old]


def changes(rows, chance, floor):
    """The figures of ours that changed, the farthest first."""
    return sorted((row for row in rows if not row["control"] and row["corrected"] <= chance and moved(row) > floor[row["page"]]),
                  key=moved, reverse=True)
