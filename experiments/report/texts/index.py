# The index of the reports: all claims with their verdicts, all pages, and what was known when the rules were written.
import json

from base import places
from judge import claims as claims_of_pages
from judge import rounds, rule_dates
from judge import verdict as verdicts
from runs import meanwhile, runs
from texts import page, pages_of_run, templates

PAGES = ["memory", "switch", "cache", "spawn", "fork_join", "scaling", "scheduler", "operations", "channels", "senders", "capacity", "timers",
         "seeing", "blocking", "io", "http", "transfers", "connections", "portability", "micro"]


def stand_ins(claims):
    """Of the claims about products that nobody can install here."""
    products = sorted({claim["in_place_of"] for claim in claims if "in_place_of" in claim}, key=str.lower)
    count = sum("in_place_of" in claim for claim in claims)
    return (f"{count} of the claims are of {' and '.join(products)}, which Debian does not have. There bifilar stands in: the verdict says "
            "whether the claim is true of bifilar in the product's place, and says nothing of the product itself. Such verdicts are marked, "
            "and their pages name what stands in for what.")


def row_of(claim, result, reports):
    """What the index says of a claim."""
    page_of = claim["page"]
    return {"claim": claim, "sign": verdicts.sign(result), "words": verdicts.words(result) + verdicts.scope(claim, result),
            "sayings": page.sayings(claim), "where": f"[{page_of}]({page_of}.md#claim-{claim['id']})" if page_of in reports else page_of}


def make(reports, definitions, claims, judged, history=()):
    """The index's Markdown. `history`: of the rules, see rule_dates."""
    return templates.rendered(
        "index.md.jinja", pages=[{**definitions[name], "name": name} for name in PAGES if name in reports],
        stand_ins=stand_ins(claims), tally=" · ".join(f"{sign} {words}: {n}" for sign, words, n in verdicts.tally(judged.values())),
        close=verdicts.CLOSE, quick=any(report["quick"] for report in reports.values()), failures=runs.failures(reports),
        place_of_claims=claims_of_pages.PLACE, rounds=rounds.METHOD, rule_dates=rule_dates.sentence(claims, reports, history),
        rule_changes=json.loads((places.EXPERIMENTS / "rule_changes.json").read_text(encoding="utf-8")),
        runs=runs.sentence(reports) if reports else "", total=pages_of_run.total(reports), beside=meanwhile.beside(reports),
        claims=[row_of(claim, judged[claim["id"]], reports) for claim in claims])
