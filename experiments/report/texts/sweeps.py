# A workload of many sizes as one table: a row for each size of a contender, and how many times as much it takes as at the
# size that it is compared with. Which workloads are shown so, and with what they are compared, says page.json: "sweeps" is
# {workload: "best", "first" or "none"}.
import re

from base import numbers
from judge import ahead, interval
from runs import seats

BEST, FIRST, NONE = "best", "first", "none"


def wanted(definition, work):
    return work["id"] in definition.get("sweeps", {})


def sizes_of(report, identity):
    """The workloads of that name, by size."""
    return sorted((work for work in report["workloads"] if work["id"] == identity), key=lambda work: work["size"])


def sized(size, unit):
    """"1,000 tasks", "1 worker"."""
    words = unit if size != 1 else re.sub(r"(?<=\w\w)s\b", "", unit, count=1)
    return f"{size:,.0f} {words}"


def names_of(works):
    return list(dict.fromkeys(one["name"] for work in works for one in work["contenders"]))


def line_of(works, name):
    """[(size, contender)] of one contender."""
    return [(work["size"], one) for work in works for one in work["contenders"] if one["name"] == name]


def base_of(line, over):
    """The (size, contender) that the others are compared with; None where they are not compared."""
    if over == BEST:
        return min(line, key=lambda at: at[1]["median"])
    return line[0] if over == FIRST else None


def ratio(one, base):
    """(how many times as much as `base`, its interval), round by round where both have as many; None without a base, or
    one that is nothing."""
    if base is None or base["median"] <= 0:
        return None
    return (1.0, (1.0, 1.0)) if one is base else ahead.compared(one, base)


def head_of(over, works, unit):
    return "times its best" if over == BEST else f"times that of {sized(works[0]['size'], unit)}"


def rows(works, over, unit):
    """The table's rows, head first."""
    further = sorted({key for work in works for one in work["contenders"] for key in one.get("also", {})})
    compares = over != NONE
    made = [["", unit, f"median, {works[0]['unit']}", "95 % of median", "least to most",
             *([head_of(over, works, unit)] if compares else []), *[key.replace("_", " ") for key in further]]]
    for name in names_of(works):
        line = line_of(works, name)
        base = base_of(line, over)
        for size, one in line:
            low, high = interval.of(one)
            few = interval.few(one)
            times = ratio(one, base and base[1])
            made.append([name + seats.mark(one), f"{size:,.0f}", f"**{numbers.shown(one['median'])}**",
                         interval.words(few) if few else f"{numbers.shown(low)} – {numbers.shown(high)}",
                         f"{numbers.shown(one['least'])} – {numbers.shown(one['most'])}",
                         *([told(times)] if compares else []),
                         *[numbers.shown(one["also"][key]) if key in one.get("also", {}) else "" for key in further]])
    return made


def told(times):
    if times is None:
        return ""
    value, (low, high) = times
    return numbers.shown(value) if low == high else f"{numbers.shown(value)} ({numbers.shown(low)} – {numbers.shown(high)})"


def largest(works, over):
    """[(contender's name, size, ratio)]: the size at which each takes the most, beside the one it is compared with."""
    found = []
    for name in names_of(works):
        line = line_of(works, name)
        base = base_of(line, over)
        times = [(size, ratio(one, base and base[1])) for size, one in line if base is None or one is not base[1]]
        times = [(size, one) for size, one in times if one is not None]
        if times:
            found.append((name, *max(times, key=lambda at: at[1][0])))
    return found


def largest_rows(report, definition):
    """The largest ratios of all sweeps as a table; nothing where nothing is compared."""
    made = [["", "", "compared with", "at", "times as much"]]
    for identity, over in definition.get("sweeps", {}).items():
        works = sizes_of(report, identity)
        if over == NONE or not works:
            continue
        unit = definition["sizes"][identity]
        base = "its best" if over == BEST else sized(works[0]["size"], unit)
        for name, size, times in largest(works, over):
            made.append([works[0]["title"], name, base, sized(size, unit), told(times)])
    return made if len(made) > 1 else []


def sentences(works, unit, say):
    """What `say` tells of each size, those of the same words together."""
    found = {}
    for work in works:
        found.setdefault(say(work), []).append(f"{work['size']:,.0f}")
    if len(found) == 1:
        return next(iter(found))
    return " ".join(f"At {', '.join(sizes)} {unit}: {words}" for words, sizes in found.items() if words)


def refusals(works, unit):
    """What was not measured here, each with its size."""
    return [{**one, "at": f", at {sized(work['size'], unit)}"} for work in works for one in work.get("refused", [])]
