"""Reads metrics with Prometheus' own parsers, and compares them with the guide's table.

    http_metrics.py TEXT OPEN_METRICS DRIVER REQUESTS: two files of one server that had so many requests.
"""
import pathlib
import re
import sys

from prometheus_client import openmetrics, parser
import prometheus_client.openmetrics.parser


def expect(what, fine):
    if not fine:
        raise SystemExit(f"{what} is wrong")


def samples_of(families):
    """All samples, by name and labels; each once."""
    found = {}
    for family in families:
        expect(f"the help of {family.name}", family.documentation)
        for one in family.samples:
            key = (one.name, tuple(sorted(one.labels.items())))
            expect(f"{key}, which comes twice,", key not in found)
            found[key] = one.value
    return found


def check_guide(families):
    """Name and kind of each family."""
    guide = pathlib.Path(__file__).parents[2] / "docs" / "guides" / "metrics.md"
    listed = re.findall(r"^\| `(bifilar_\w+)`[ *]*\| (\w+) \|", guide.read_text(encoding="utf-8"), re.M)
    expect(f"the guide's table, {set(listed) ^ families},", set(listed) == families and len(listed) == len(families))


def check_histograms(samples):
    names = {name.removesuffix("_bucket") for name, _ in samples if name.endswith("_bucket")}
    for name in names:
        buckets = sorted((float(dict(labels)["le"]), value) for (key, labels), value in samples.items() if key == f"{name}_bucket")
        values = [value for _, value in buckets]
        expect(f"the order of {name}", values == sorted(values))
        expect(f"the end of {name}", values[-1] == samples[(f"{name}_count", ())])
    return names


def main():
    text, open_text, driver, requests = sys.argv[1:]
    with open(text, encoding="utf-8") as file:
        first = samples_of(parser.text_string_to_metric_families(file.read()))
    with open(open_text, encoding="utf-8") as file:
        families = list(openmetrics.parser.text_string_to_metric_families(file.read()))
    check_guide({(family.name, family.type) for family in families})
    second = samples_of(families)
    expect(f"the set of names, {set(first) ^ set(second)},", set(first) == set(second))
    expect("the number of histograms", len(check_histograms(first)) == len(check_histograms(second)) == 6)
    polls, later = (one[("bifilar_polls_total", ())] for one in (first, second))
    expect(f"the number of polls, {polls} and {later},", later >= polls >= int(requests) / 100)
    expect("the worker's gauge", first[("bifilar_workers", (("driver", driver),))] == 2)
    expect("the number of tasks", 1 <= first[("bifilar_tasks_alive", ())] <= 20)
    # A sample counts for all turns since the one before, so the estimate is close where there were many.
    counted = first[("bifilar_turn_seconds_count", ())]
    expect(f"the number of timed turns, {counted} of {polls},", polls / 2 <= counted <= polls)


main()
