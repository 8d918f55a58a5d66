# Where another runtime takes less than ours: by the figures, so that a page cannot forget it.
import statistics
import typing

from judge import interval
from runs import sources

LESS_IS_BETTER = ("ns", "us", "ms", "bytes")  # What such a figure's unit begins with.
MODELS = ("coroutine", "fiber", "future by hand", "stackless", "stackful", "either model")
TRIED = "direct"  # Ours without an await: a call that never waits.
AWAITED, WAKER = "awaited", "waker"  # How another runtime's contender is called that waits.


class row(typing.NamedTuple):
    work: dict
    half: str  # "tried", "awaited", or "" where a work has one half only.
    ours: dict  # Contenders.
    other: dict
    ratio: float
    ends: tuple


def is_other(name):
    return bool(sources.runtimes_of([name])) or name == "Boost.Beast" or name.startswith("nginx")


def is_ours(name, unlike):
    return name.startswith((*MODELS, TRIED)) and "bare" not in name and name not in unlike


def half_of(name, names):
    """Of another runtime's contender; "" where it has no second one for the other half, and stands for both."""
    runtime, _, way = name.partition(", ")
    if way == TRIED or (not way and f"{runtime}, {AWAITED}" in names):
        return "tried"
    return "awaited" if way in (AWAITED, WAKER) or f"{runtime}, {TRIED}" in names else ""


def halves(names, unlike):
    """[(half, ours, others)] of a work's contenders, by name."""
    ours = [name for name in names if is_ours(name, unlike)]
    others = [name for name in names if is_other(name)]
    tried = [name for name in ours if name.startswith(TRIED)]
    if not tried:
        return [("", ours, others)]
    awaited = [name for name in ours if name not in tried]
    return [(half, mine, [name for name in others if half_of(name, names) in ("", half)])
            for half, mine in (("tried", tried), ("awaited", awaited))]


def compared(ours, other):
    """(ours over the other, its interval): in rounds, which contenders of one work have in common where they have as many
    repetitions; else that of their medians, from interval to interval."""
    one, two = ours.get("samples", []), other.get("samples", [])
    if len(one) == len(two) > 1 and min(two) > 0:
        ratios = [a / b for a, b in zip(one, two)]
        return statistics.median(ratios), interval.of_samples(ratios)
    (low, high), (least, most) = interval.of(ours), interval.of(other)
    return ours["median"] / other["median"], (low / most, high / least)


def rows(report, definition):
    """The works in which the fastest of the other runtimes takes less than the fastest of ours beyond the interval of
    their ratio, in the order of the page; and how many works have both."""
    found, count = [], 0
    for work in report["workloads"]:
        by_name = {one["name"]: one for one in work["contenders"]}
        if not work["unit"].startswith(LESS_IS_BETTER):
            continue
        for half, ours, others in halves(list(by_name), definition.get("unlike", [])):
            if not ours or not others:
                continue
            count += 1
            mine, theirs = (min((by_name[name] for name in names), key=lambda one: one["median"]) for names in (ours, others))
            if theirs["median"] <= 0:
                continue
            ratio, ends = compared(mine, theirs)
            if ends[0] > 1:
                found.append(row(work, half, mine, theirs, ratio, ends))
    return found, count
