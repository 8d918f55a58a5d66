# The page of the contradictions: what the documents say against each other or themselves, and what decides.
# The words come from experiments/contradictions.json, the figures from the run.
import re

from base import numbers
from judge import expressions, readings
from texts import page, templates

ABSENT = "(not measured in this run)"


def figures_of(entry, claims, reports):
    """{name: value} of what was measured, [reasons] for what was not."""
    paths = dict(entry.get("figures", {}))
    for claim in claims:
        if claim["id"] == entry.get("figures_of_claim"):
            paths.update(claim["figures"])
    values, reasons = {}, []
    for name, path in paths.items():
        try:
            values[name] = readings.value(reports, path)
        except readings.missing as absence:
            reasons.append(absence.reason)
    for name, rule in entry.get("derived", {}).items():
        try:
            values[name] = float(expressions.evaluate(rule, values))
        except (KeyError, ZeroDivisionError):
            pass  # One of its figures is among the reasons.
    return values, reasons


def sentence(entry, values):
    """The resolution, with the figures filled in. The first one whose condition is met, where there are several."""
    choices = entry["resolution"] if isinstance(entry["resolution"], list) else [{"say": entry["resolution"]}]
    for choice in choices:
        try:
            met = "if" not in choice or expressions.evaluate(choice["if"], values)
        except (KeyError, ZeroDivisionError):
            continue
        if met:
            return re.sub(r"\{(\w+)\}", lambda name: numbers.shown(values[name[1]]) if name[1] in values else ABSENT, choice["say"])
    return f"Open: what decides was {ABSENT[1:-1]}."


def places(entry, claims):
    """The pages on which the figures stand."""
    paths = list(entry.get("figures", {}).values())
    paths += [path for claim in claims if claim["id"] == entry.get("figures_of_claim") for path in claim["figures"].values()]
    flat = [one for path in paths for one in ([path] if isinstance(path, str) else path)]
    return sorted({one.split("/", 1)[0] for one in flat})


def entry_of(entry, claims, reports):
    """What the template has of a contradiction."""
    values, reasons = figures_of(entry, claims, reports)
    links = ", ".join(f"[{name}]({name}.md)" if name in reports else name for name in places(entry, claims))
    return {**entry, "sentence": sentence(entry, values), "reasons": reasons,
            "decides": " ".join(part for part in (f"Measured: {links}." if links else "", entry.get("source", "")) if part),
            "sayings": [{"words": page.verbatim(one["quotation"]), "place": one.get("document_name") or one["where"]}
                        for one in entry["sayings"]]}


def make(entries, claims, reports):
    """The page's Markdown."""
    return templates.rendered("contradictions.md.jinja", entries=[entry_of(entry, claims, reports) for entry in entries])
