# The charts of one page: which figures of the run are drawn, as page.json says, and what stands under each picture.
from base import numbers
from draw import svg
from judge import interval
from runs import seats


def point(one, key=None):
    """What a chart draws of one contender; None if it has no such further figure."""
    crowded = {"oversubscribed": True} if one.get("seat", {}).get("oversubscribed") else {}
    if key:
        return {"median": one["also"][key], **crowded} if key in one.get("also", {}) else None
    low, high = interval.of(one)
    return {**crowded, "median": one["median"], "least": one["least"], "most": one["most"], "low": low, "high": high,
            "samples": one["samples"]}


def drawn_workloads(report, chart):
    return [work for work in report["workloads"] if work["id"] in chart["workloads"] and
            ("size" not in chart or work["size"] == chart["size"])]


def points(works, chart):
    """[(workload, contender's name, point)] of what is drawn."""
    found = []
    for work in works:
        for one in work["contenders"]:
            drawn = None if one["name"] in chart.get("without", []) else point(one, chart.get("figure"))
            if drawn is not None:
                found.append((work, one["name"], drawn))
    return found


def sweep(chart, found):
    series = {}
    for work, name, drawn in found:
        if work["size"] >= chart.get("from", 0):
            series.setdefault(name, []).append((work["size"], drawn))
    if not series:
        return None
    return svg.sweep(chart["title"], chart["x"], chart["y"], series, chart.get("log_x", True), chart.get("log_y", True),
                     numbers.binary if chart.get("bytes") else numbers.lettered)


def bars(chart, found):
    alone = len({id(work) for work, _, _ in found}) == 1
    rows = [((name if alone else f"{name}, {numbers.lettered(work['size'])}") + (", oversubscribed" if "oversubscribed" in drawn else ""),
             drawn) for work, name, drawn in found]
    return svg.bars(chart["title"], chart["x"], rows, chart.get("log_x", False)) if rows else None


def make(report, definition):
    """{file name: SVG text} and {title, file, place: where its contenders sat} of each."""
    files, pictures = {}, []
    for chart in definition["charts"]:
        works = drawn_workloads(report, chart)
        found = points(works, chart)
        text = sweep(chart, found) if chart["kind"] == "sweep" else bars(chart, found)
        if text is None:
            continue
        files[chart["file"]] = text
        drawn = {(id(work), name) for work, name, _ in found}
        shown = [{**work, "contenders": [one for one in work["contenders"] if (id(work), one["name"]) in drawn]} for work in works]
        pictures.append({"title": chart["title"], "file": chart["file"], "place": seats.sentence(shown, report.get("machine", {}))})
    return files, pictures
