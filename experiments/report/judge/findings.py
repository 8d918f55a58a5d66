# A finding: words with places for figures, told only while their condition holds of the figures of a run. The words are
# those of experiments/summary.json.
import re

from base import numbers
from judge import expressions, readings

FIGURE = re.compile(r"\{([^{}|]+)(?:\|(\w+))?\}")
CONTENDER = re.compile(r"^[\w-]+/[^@/]+@?([\d.e+]*)/([^#]+)")


def sizes_of(entry):
    """{name_size: the size that the figure's path names}."""
    found = {name: CONTENDER.match(path) for name, path in entry["figures"].items()}
    return {f"{name}_size": float(match[1]) for name, match in found.items() if match and match[1]}


def figures_of(figures, reports):
    """{name: value}, with name_low and name_high where there is an interval. Throws readings.missing."""
    values = {}
    for name, path in figures.items():
        values[name], low, high, count = readings.measured(reports, path)
        if count:
            values[f"{name}_low"], values[f"{name}_high"] = low, high
    return values


def over_sizes(series, reports):
    """{name: the sizes for which its condition holds, name_count: how many} and of all that the run measured, tried_count.
    The paths of a series have @* where a size belongs."""
    page, identity = re.match(r"([\w-]+)/([^@]+)@\*/", next(iter(series["figures"].values()))).groups()
    sizes = [work["size"] for work in reports.get(page, {"workloads": []})["workloads"] if work["id"] == identity]
    at = {size: figures_of({name: path.replace("@*", f"@{size:.0f}") for name, path in series["figures"].items()}, reports)
          for size in sizes}
    lists = {name: [size for size in sizes if expressions.evaluate(condition, at[size])] for name, condition in series["if"].items()}
    return {**lists, **{f"{name}_count": len(found) for name, found in lists.items()}, "tried_count": len(sizes)}


def values_of(entry, reports):
    """figures_of and name_size, and over_sizes where there is a series. Throws readings.missing."""
    values = {**sizes_of(entry), **figures_of(entry["figures"], reports)}
    return {**values, **over_sizes(entry["series"], reports)} if "series" in entry else values


def filled(words, values):
    def number(found):
        return numbers.FORMATS[found[2] or "plain"](expressions.evaluate(found[1], values))
    return FIGURE.sub(number, words)


def told(entry, reports, parts):
    """({part: its words with the figures}, "") or (None, why it is not told)."""
    try:
        values = values_of(entry, reports)
        if not expressions.evaluate(entry["if"], values):
            return None, "the figures of this run do not say so"
        return {part: filled(entry[part], values) for part in parts}, ""
    except readings.missing as absence:
        return None, str(absence)
    except ZeroDivisionError:
        return None, "a figure is zero"
