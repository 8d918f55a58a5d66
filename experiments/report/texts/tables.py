# The documents' own tables with today's columns beside the printed ones. The printed rows and the places of the figures
# are in experiments/tables.json; every number of today comes from the run.
import re

from base import numbers
from judge import outcomes, readings
from texts import markdown_table, templates

TEMPLATE = re.compile(r"\{([^{}|]+)\|(\w+)\}")
SIZE = re.compile(r"^[\w-]+/[^@/]+@([\d.e+]+)/")
ABSENT = "not to be had here"
SHORT = {outcomes.NOT_HERE: "not here", outcomes.NOT_RUN: "not in this run"}


def size_of(path):
    return float(SIZE.match(path)[1])


# {format: the words of a value whose path has this size}.
FORMATS = {
    **{name: lambda value, _, form=form: form(value) for name, form in numbers.FORMATS.items()},
    "mb": lambda value, _: f"{numbers.shown(value)} MB",
    "half": lambda value, _: numbers.FORMATS["ns"](value / 2),
    "yes": lambda value, _: "yes" if value else "no",
    "total": lambda value, size: numbers.FORMATS["ns"](value * size),
    "total_bytes": lambda value, size: numbers.FORMATS["bytes"](value * size),
}
# Those that need the path alone.
SIZES = {"size": lambda size: numbers.FORMATS["count"](size), "size_bytes": lambda size: numbers.FORMATS["bytes"](size)}


def cells_of(printed):
    """The printed words of a row: a line of a table, or a list of lines, without their marks."""
    if isinstance(printed, str):
        return [cell.strip() for cell in printed.strip().strip("|").split("|")]
    return [re.sub(r"^(#+|-) ", "", line) for line in printed]


def filled(words, reports, absences):
    """The words with their figures; what there is not is said, and its reason added to `absences`."""
    def number(found):
        path, form = found[1], found[2]
        if form in SIZES:
            return SIZES[form](size_of(path))
        try:
            value = readings.figure(reports, path)
        except readings.missing as absence:
            absences.append((absence.verdict, path, absence.reason))
            return SHORT[absence.verdict]
        return FORMATS[form](value, size_of(path) if SIZE.match(path) else None)
    return TEMPLATE.sub(number, words)


def reason_of(absent, claims):
    """Why a row or a part has no figure: words, or those that a claim has for it."""
    return absent if isinstance(absent, str) else next(c for c in claims if c["id"] == absent["claim"])["cannot"][absent["part"]]


def row(one, entry, claims, reports, absences):
    """(the cells, [(what is not to be had, why)])."""
    width, count = len(cells_of(entry["head"])), len(entry["today"])
    printed = cells_of(one["printed"]) if "printed" in one else [one["beside"], *[""] * (width - 1)]
    lacking = []
    if "lacking" in one:
        lacking.append((one["lacking"]["part"], reason_of(one["lacking"], claims)))
    if "absent" in one:
        lacking.append((printed[0], reason_of(one["absent"], claims)))
        return printed + [ABSENT, *[""] * (count - 1)], lacking
    return printed + [filled(words, reports, absences) for words in one["today"]], lacking


def is_of_numbers(entry, at):
    """Whether a column of today has figures alone; others are text, which wraps."""
    cells = [one["today"][at] for one in entry["rows"] if "today" in one]
    return all(not words or TEMPLATE.fullmatch(words) for words in cells)


def table(entry, claims, reports, absences):
    """(its Markdown, [(what is not to be had, why)])."""
    head = cells_of(entry["head"]) + [f"today: {filled(words, reports, absences)}" for words in entry["today"]]
    rows, lacking = [], list(entry.get("lacking", {}).items())
    for one in entry["rows"]:
        cells, more = row(one, entry, claims, reports, absences)
        rows.append(cells)
        lacking += more
    sides = ["---"] * len(cells_of(entry["head"])) + ["---:" if is_of_numbers(entry, at) else "---" for at in range(len(entry["today"]))]
    first, _, *body = markdown_table.table([head, *rows]).split("\n")
    return "\n".join([first, f"|{'|'.join(sides)}|", *body]), lacking


def paths_of(entry):
    """All figures that the table names."""
    words = [*entry["today"], *[cell for one in entry["rows"] for cell in one.get("today", [])]]
    return list(dict.fromkeys(path for cell in words for path, _ in TEMPLATE.findall(cell)))


def missing_lines(absences):
    """A line for each reason that this machine has, and one for all that this run left out."""
    reasons = dict.fromkeys(reason for verdict, _, reason in absences if verdict == outcomes.NOT_HERE)
    left_out = list(dict.fromkeys(path for verdict, path, _ in absences if verdict == outcomes.NOT_RUN))
    lines = [f"- Not here: {reason}." for reason in reasons]
    if left_out:
        lines.append(f"- Not in this run: {len(left_out)} of its figures; the first: `{left_out[0]}`.")
    return lines


def section(entry, claims, reports):
    absences = []
    made, lacking = table(entry, claims, reports, absences)
    pages = dict.fromkeys(path.split("/", 1)[0] for path in paths_of(entry))
    links = ", ".join(f"[{name}]({name}.md)" if name in reports else name for name in pages)
    notes = [f"- {what}: {why}." for what, why in dict.fromkeys(lacking)] + missing_lines(absences)
    return templates.rendered("document_table.md.jinja", entry={"document_name": "", **entry}, table=made, links=links, notes=notes)


def make(entries, claims, reports):
    """The page's Markdown."""
    return templates.rendered("tables.md.jinja", measured=bool(reports), sections=[section(entry, claims, reports) for entry in entries])
