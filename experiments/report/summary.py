# The summary "Stackless or stackful? What we measured": findings whose words are in experiments/summary.json and whose
# numbers all come from the run. A finding is told only while its condition holds; else it is named at the end.
import json
import pathlib
import re

import expressions
import machines
import page
import readings
import runs
import verdict as verdicts

MOST = 10  # Findings that are told; those behind them stand in for what is left out.
FIGURE = re.compile(r"\{([^{}|]+)(?:\|(\w+))?\}")
CONTENDER = re.compile(r"^[\w-]+/[^@/]+@?([\d.e+]*)/([^#]+)")


def scaled(value, steps):
    """In the largest unit of which there are ten or more, so that figures of one sentence mostly share theirs."""
    limit, letter = next(((limit, letter) for limit, letter in steps if value >= 10 * limit), steps[-1])
    return f"{page.shown(value / limit)} {letter}"


FORMATS = {
    "bytes": lambda v: scaled(v, [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")]),
    "ns": lambda v: scaled(v, [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns")]),
    "us": lambda v: scaled(v * 1e3, [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns")]),
    "times": lambda v: f"{v:,.0f} times" if v >= 10 else f"{v:.{1 if v >= 1 else 2}f} times",
    "percent": lambda v: f"{v * 100:.0f} %",
    "count": lambda v: f"{v:,.0f}",
    "sizes": lambda v: " and ".join(part for part in (", ".join(f"{one:,.0f}" for one in v[:-1]), f"{v[-1]:,.0f}") if part) if v else "none",
    "plain": page.shown,
}


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
        return FORMATS[found[2] or "plain"](expressions.evaluate(found[1], values))
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


def places(entry, judged):
    """Links to the pages that the figures are from, and to the claims that they judge."""
    pages = dict.fromkeys(path.split("/", 1)[0] for path in entry["figures"].values())
    links = [f"[{name}]({name}.md)" for name in pages]
    for claim in entry.get("claims", []):
        if claim in judged:
            links.append(f"{verdicts.sign(judged[claim])} [claim {claim}]({judged[claim]['page']}.md#claim-{claim})"
                         + (" (close)" if judged[claim]["close"] else ""))
    return ", ".join(links)


def findings(entries, reports, judged):
    lines, left_out, count = [], [], 0
    for entry in entries:
        words, reason = told(entry, reports, ["title", "text"])
        if words is None:
            left_out.append((entry["name"], reason))
        elif count < MOST:
            count += 1
            lines += [f"**{count}. {words['title']}** {words['text']} ({places(entry, judged)})", ""]
    return lines, left_out


def choices(entries, reports, judged):
    rows, left_out = [["what you have", "take", "because", "figures"]], []
    for entry in entries:
        words, reason = told(entry, reports, ["when", "take", "because"])
        if words is None:
            left_out.append((entry["name"], reason))
        else:
            rows.append([words["when"], words["take"], words["because"], places(entry, judged)])
    return page.table_of_words(rows), left_out


def absences(left_out):
    """A line for each reason, with the names that it is the reason of."""
    by_reason = {}
    for name, reason in left_out:
        by_reason.setdefault(reason, []).append(name)
    return [f"- {reason}: {'; '.join(names)}." for reason, names in by_reason.items()]


def measured(reports):
    """On which machine, when, and whether in one go: of the machine that measured most pages, and which others there are."""
    (machine, _), *others = machines.groups(reports)
    elsewhere = [name for _, names in others for name in names]
    when = f", {runs.days(reports)}"
    several = len({runs.name(report) for report in reports.values()}) > 1
    if several or runs.groups(reports)[0][0] is None:
        when += ", in several runs" if several else ", in runs that are not noted"
    return (f"Measured on {machine['processor']}, {machine['processors']} processors{', virtual' if machine['hypervisor'] else ''}, "
            f"{machine['kernel']}, {machine['compiler']}{when}"
            + (f"; {runs.links(elsewhere)} on another machine or under another system" if elsewhere else "")
            + " ([which page when](machine.md#runs)).")


def make(words, reports, claims, results, pictures=()):
    """The summary's Markdown. `words`: experiments/summary.json; `results`: {claim: its judgement}; `pictures`: Markdown
    that shows them, and [(name, why)] of what they leave out."""
    judged = {claim["id"]: {**results[claim["id"]], "page": claim["page"]} for claim in claims if claim["page"] in reports}
    count = verdicts.tally(results.values())
    close = any(result["close"] for result in results.values())
    surprises, first = findings(words["findings"], reports, judged)
    table, second = choices(words["choices"], reports, judged)
    lines = [f"# {words['title']}", "", words["introduction"], "",
             f"{measured(reports)} Of {len(claims)} claims of the documents: "
             + ", ".join(f"{sign} {verdict}: {n}" for sign, verdict, n in count if n) + " ([all of them](README.md))."
             + (f" {verdicts.CLOSE}" if close else ""), ""]
    if any(report["quick"] for report in reports.values()):
        lines += ["> Quick run: few repetitions, smaller sizes.", ""]
    shown, third = pictures or ("", [])
    lines += [*([shown, ""] if shown else []), "## What surprised us", "", *surprises, "## Which model when", "", table, ""]
    if first or second or third:
        lines += ["## Left out", "", *absences(first + second + third), ""]
    return "\n".join(lines)


def load():
    """experiments/summary.json."""
    path = pathlib.Path(__file__).resolve().parent.parent / "summary.json"
    return json.loads(path.read_text(encoding="utf-8"))
