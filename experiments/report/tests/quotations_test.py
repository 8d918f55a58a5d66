# Checks that every quotation of the claims and of contradictions.json stands word for word in its document, that the
# 65 claims are all there, and that their rules and pages can be read.
#   ./python -m tests.quotations_test [SEEDS_FOLDER]
# The folder with the documents may also be in BIFILAR_SEEDS or at ../shared/seeds. Without it, everything but the
# quotations is checked, and the test is skipped (77).
import string
import sys

import make
from base import written
from judge import claims as all_claims
from judge import expressions
from tests import documents
from texts import index

SKIPPED = 77
problems = []


def say(what, text):
    problems.append(f"{what}: {text}")


def check_quotation(what, saying, seeds):
    if seeds is None or "document" not in saying:
        return
    document = (seeds / saying["document"]).read_text(encoding="utf-8")
    words = saying["quotation"]
    for line in [words] if isinstance(words, str) else words:
        if line not in document:
            say(what, f"{saying['document']} does not say: {line}")


def check_place(what, path):
    if path.split("/", 1)[0] not in index.PAGES:
        say(what, f"{path} is on no page; there are: {', '.join(index.PAGES)}")


def check_figures(what, figures):
    for paths in figures.values():
        for path in [paths] if isinstance(paths, str) else paths:
            check_place(what, path)


def check_rule(what, rule, names):
    try:
        expressions.evaluate(rule, {name: 1.0 for name in names})
    except (KeyError, ValueError, SyntaxError) as error:
        say(what, f"the rule '{rule}' cannot be read: {error!r}")


def check_claim(claim, seeds):
    what = f"claim {claim['id']}"
    check_quotation(what, claim, seeds)
    if not claim.get("document") and not claim.get("where"):
        say(what, f"nobody is named who says: {claim['quotation']}")
    check_figures(what, {**claim["figures"], **claim.get("otherwise", {})})
    if claim["page"] not in index.PAGES:
        say(what, f"there is no page {claim['page']}")
    if not claim["figures"] and not claim.get("cannot"):
        say(what, "neither a figure nor a reason why there can be none")
    if claim["figures"] and not claim.get("rule", {}).get("holds"):
        say(what, "no rule; write one before it is measured")
    rules = [*claim.get("rule", {}).values(), *([claim["sound"]["if"]] if "sound" in claim else [])]
    for rule in rules:
        check_rule(what, rule, claim["figures"])
    for name in claim.get("otherwise", {}):
        if name not in claim["figures"]:
            say(what, f"'otherwise' names {name}, which is no figure")


def check_contradiction(entry, claims, seeds):
    what = f"contradiction {entry['id']}"
    for saying in entry["sayings"]:
        check_quotation(what, saying, seeds)
        if not saying.get("document") and not saying.get("where"):
            say(what, f"nobody is named who says: {saying['quotation']}")
    check_figures(what, entry.get("figures", {}))
    names = {*entry.get("figures", {}), *claims.get(entry.get("figures_of_claim"), {})}
    for rule in entry.get("derived", {}).values():
        check_rule(what, rule, names)
    names |= set(entry.get("derived", {}))
    resolution = entry["resolution"]
    for choice in resolution if isinstance(resolution, list) else [{"say": resolution}]:
        if "if" in choice:
            check_rule(what, choice["if"], names)
        for _, name, _, _ in string.Formatter().parse(choice["say"]):
            if name is not None and name not in names:
                say(what, f"its resolution names {name}, which is no figure")
    if not names and not entry.get("source"):
        say(what, "neither a figure nor a source decides it")


def main():
    seeds = documents.folder(sys.argv[1:])
    claims, contradictions = all_claims.load(), written.contradictions()
    if [claim["id"] for claim in claims] != list(range(1, 66)):
        say("*/claims.json", "the claims are not numbered from 1 to 65, in order")
    if [entry["id"] for entry in contradictions] != list(range(1, 16)):
        say("contradictions.json", "its entries are not numbered from 1 to 15, in order")
    for claim in claims:
        check_claim(claim, seeds)
    figures = {claim["id"]: claim["figures"] for claim in claims}
    for entry in contradictions:
        check_contradiction(entry, figures, seeds)
    if problems:
        print("\n".join(problems))
        sys.exit(1)
    print(f"claims: {len(claims)}, contradictions: {len(contradictions)}" + ("" if seeds is None else ", quotations: all found"))
    if seeds is None:
        print("skipped: the quotations, because the documents are not here; name their folder in BIFILAR_SEEDS")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
