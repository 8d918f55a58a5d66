# The index of the reports: all claims with their verdicts, all pages, and what was known when the rules were written.
import json

from base import places
from judge import claims as claims_of_pages
from judge import rounds, rule_dates
from judge import verdict as verdicts
from runs import meanwhile, runs
from texts import page, pages_of_run

PAGES = ["memory", "switch", "cache", "spawn", "fork_join", "scaling", "scheduler", "operations", "channels", "senders", "capacity", "timers",
         "blocking", "io", "http", "transfers", "connections", "portability", "micro"]

INTRODUCTION = (
    "Five documents on stackless and stackful coroutines, and the page of benchmarks of one project, make 65 claims in numbers; here "
    "each is measured. The library that is measured is bifilar, a runtime for C++ with both models: coroutines and futures written "
    "by hand, which are stackless, and fibers, which are stackful. Beside it run Go, Tokio and others, as Debian packages them. "
    "Each page gives the question, the method, its threats, the figures and the rule of every verdict. A verdict is of this machine "
    "and these versions.")


def stand_ins(claims):
    """Of the claims about products that nobody can install here."""
    products = sorted({claim["in_place_of"] for claim in claims if "in_place_of" in claim}, key=str.lower)
    count = sum("in_place_of" in claim for claim in claims)
    return (f"{count} of the claims are of {' and '.join(products)}, which Debian does not have. There bifilar stands in: the verdict says "
            "whether the claim is true of bifilar in the product's place, and says nothing of the product itself. Such verdicts are marked, "
            "and their pages name what stands in for what.")


def make(reports, definitions, claims, judged, history=()):
    lines = ["# Reports", "", INTRODUCTION + (" In two pages: [Stackless or stackful? What we measured](summary.md)." if reports else ""),
             "", *([stand_ins(claims), ""] if reports else [])]
    lines += [" · ".join(f"{sign} {words}: {n}" for sign, words, n in verdicts.tally(judged.values())), "", verdicts.CLOSE, ""]
    if any(report["quick"] for report in reports.values()):
        lines += ["> Quick run: few repetitions, smaller sizes.", ""]
    lines += runs.spaced(runs.failures(reports))
    lines += [f"Rules are in `{claims_of_pages.PLACE}`. "
              "Where a document says about so much, a rule mostly takes half to double for a time and a quarter either way for a size; a range is "
              "taken as printed; and a figure outside fails, also the better one. Where the words say that something is small or much, "
              "the rule is a bound on one side. " + rounds.METHOD +
              (f" {rule_dates.sentence(claims, reports, history)}" if reports else ""), "",
              "What was known when a rule got its present form, where it was anything:", ""]
    lines += [f"- {change}" for change in json.loads((places.EXPERIMENTS / "rule_changes.json").read_text(encoding="utf-8"))]
    lines += ["", "| page | question |", "|---|---|"]
    for name in PAGES:
        if name in reports:
            lines.append(f"| [{definitions[name]['title']}]({name}.md) | {definitions[name]['question']} |")
    if reports:
        lines += ["", f"{runs.sentence(reports)} {pages_of_run.total(reports)} Each page's time and noise floor: [the machine](machine.md#time-and-noise)."]
        if beside := meanwhile.beside(reports):
            lines += ["", beside]
    lines += ["", "| | verdict | claim | document | page |", "|---|---|---|---|---|"]
    for claim in claims:
        result = judged[claim["id"]]
        where = f"[{claim['page']}]({claim['page']}.md#claim-{claim['id']})" if claim["page"] in reports else claim["page"]
        word = verdicts.words(result) + verdicts.scope(claim, result)
        lines.append(f"| {verdicts.sign(result)} | {word} | {claim['id']}. {page.sayings(claim)} | "
                     f"{claim['document_name']} | {where} |")
    lines += ["", "Where the documents contradict each other or themselves: [contradictions.md](contradictions.md). "
              "Their tables with today's figures beside the printed ones: [tables.md](tables.md). The machine: [machine.md](machine.md). Raw figures: [data](data).", ""]
    return "\n".join(lines)
