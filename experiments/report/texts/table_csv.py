# All figures of a page as one table for spreadsheets and other programs, a row a figure.
# The column `path` is what the claims and the README call a figure.
import csv
import io

from judge import interval

COLUMNS = ["path", "page", "workload", "size", "size_unit", "contender", "figure", "median", "low", "high", "least", "most",
           "repetitions", "warm_up", "unit", "measured_at", "quick", "processors", "pinned", "oversubscribed", "note"]


def exact(number):
    """Whole numbers without a fraction; all others as exact as the JSON has them."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def contender_rows(report, work, one, common):
    place = f"{report['id']}/{work['id']}@{exact(work['size'])}/{one['name']}"
    low, high = interval.of(one)
    if "seat" in one:
        seat = one["seat"]
        common = {**common, "processors": seat["processors"], "pinned": "yes" if seat["pinned"] else "no",
                  "oversubscribed": "yes" if seat.get("oversubscribed") else "no"}
    if "samples" in one:  # What takes long has fewer repetitions than the others of its workload.
        common = {**common, "repetitions": len(one["samples"])}
    yield {**common, "path": place, "contender": one["name"], "median": one["median"], "low": low, "high": high,
           "least": one["least"], "most": one["most"]}
    for key, value in one.get("also", {}).items():
        ends = dict(zip(("low", "high"), one.get("also_interval", {}).get(key, ())))
        yield {**common, "path": f"{place}#{key}", "contender": one["name"], "figure": key, "median": value, **ends, "unit": ""}


def rows(report, definition):
    """A dictionary a row; what a row has not, it leaves out."""
    run = {"page": report["id"], "measured_at": report["machine"]["date"], "quick": "yes" if report["quick"] else "no"}
    for work in report["workloads"]:
        common = {**run, "workload": work["id"], "size": exact(work["size"]),
                  "size_unit": definition.get("sizes", {}).get(work["id"], ""), "repetitions": work["repetitions"],
                  "warm_up": work["warm_up"], "unit": work["unit"]}
        for one in work["contenders"]:
            yield from contender_rows(report, work, one, common)
        for one in work.get("refused", []):
            yield {**common, "contender": one["name"], "note": f"not measured here: {one['reason']}"}
    for name, value in report["facts"].items():
        yield {**run, "path": f"{report['id']}/!{name}", "figure": name, "median": value}
    for name, reason in report.get("refused_facts", {}).items():
        yield {**run, "figure": name, "note": f"not to be had here: {reason}"}


def make(report, definition):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: exact(value) for name, value in row.items()} for row in rows(report, definition))
    return text.getvalue()
