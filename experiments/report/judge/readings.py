# Figures of reports, found by their places: page/workload@size/contender[#further figure], or page/!fact.
from judge import interval, outcomes


class missing(Exception):
    """A figure that there is not, and why. `verdict`: whether this run left it out or this machine cannot give it."""

    def __init__(self, reason, verdict=outcomes.NOT_RUN, values=None):
        super().__init__(reason)
        self.reason, self.verdict, self.values = reason, verdict, values or {}


def fact(report, page, name):
    if name in report["facts"]:
        return float(report["facts"][name])
    reason = report.get("refused_facts", {}).get(name)  # What this machine lacks, in words.
    if reason is not None:
        raise missing(f"{name}: {reason}", outcomes.NOT_HERE)
    raise missing(f"{page} has no fact {name}: it was not measured in this run")


def contender_at(reports, path):
    """(the workload, the contender, the name of its further figure or "") of page/workload@size/contender[#further figure]."""
    page, rest = path.split("/", 1)
    place, _, name = rest.partition("/")
    identity, _, size = place.partition("@")
    name, _, key = name.partition("#")
    for work in reports[page]["workloads"]:
        if work["id"] != identity or (size and float(size) != work["size"]):
            continue
        for contender in work["contenders"]:
            if contender["name"] == name and (not key or key in contender.get("also", {})):
                return work, contender, key
        for one in work.get("refused", []):
            if one["name"] == name:
                raise missing(f"{name}, {work['size']:,.0f}: {one['reason']}", outcomes.NOT_HERE)
    raise missing(f"{path} was not measured in this run")


def measured(reports, path):
    """(a number, the low and the high end of its interval, how many repetitions gave the interval) by its place: that of
    a contender or page/!fact. What has no interval, being counted or a further figure of a run that kept none of it, is
    its own end, of no repetitions."""
    page, rest = path.split("/", 1)
    report = reports.get(page)
    if report is None:
        raise missing(f"the page {page} was not measured in this run")
    if rest.startswith("!"):
        return (*(fact(report, page, rest[1:]),) * 3, 0)
    _, contender, key = contender_at(reports, path)
    count = len(contender.get("samples", []))
    if not key:
        return (contender["median"], *interval.of(contender), count)
    middle = contender["also"][key]
    kept = contender.get("also_interval", {}).get(key)
    return (middle, *kept, count) if kept else (middle, middle, middle, 0)


def figure(reports, path):
    """The number at a place, see measured."""
    return measured(reports, path)[0]


def value(reports, paths):
    """The number at a place, or the sum of several."""
    return figure(reports, paths) if isinstance(paths, str) else sum(figure(reports, path) for path in paths)


def ends(reports, paths):
    """(low, high) of the number at a place, or the sums of those of several."""
    several = [measured(reports, path) for path in ([paths] if isinstance(paths, str) else paths)]
    return sum(low for _, low, _, _ in several), sum(high for _, _, high, _ in several)
