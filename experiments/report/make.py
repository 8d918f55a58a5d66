# Turns measured JSON into the reports: pages, pictures, contradictions, machine description, index.
#   python3 make.py --data DIR --out DIR
# The index covers every claim, also those whose page was not measured in this run.
import argparse
import json
import pathlib
import shutil
import sys

import claims as all_claims
import contradictions
import machines
import meanwhile
import page
import pages_of_run
import ratio_chart
import rounds
import rule_dates
import runs
import sources
import summary
import table_csv
import tables
import topology
import verdict as verdicts
import web

HERE = pathlib.Path(__file__).resolve().parent
PAGES = ["memory", "switch", "cache", "spawn", "fork_join", "scaling", "scheduler", "operations", "channels", "senders", "capacity", "timers",
         "blocking", "io", "http", "transfers", "connections", "portability", "micro"]

INTRODUCTION = (
    "Five documents on stackless and stackful coroutines, and the page of benchmarks of one project, make 65 claims in numbers; here "
    "each is measured. The library that is measured is bifilar, a runtime for C++ with both models: coroutines and futures written "
    "by hand, which are stackless, and fibers, which are stackful. Beside it run Go, Tokio and others, as Debian packages them. "
    "Each page gives the question, the method, its threats, the figures and the rule of every verdict. A verdict is of this machine "
    "and these versions.")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def stand_ins(claims):
    """Of the claims about products that nobody can install here."""
    products = sorted({claim["in_place_of"] for claim in claims if "in_place_of" in claim}, key=str.lower)
    count = sum("in_place_of" in claim for claim in claims)
    return (f"{count} of the claims are of {' and '.join(products)}, which Debian does not have. There bifilar stands in: the verdict says "
            "whether the claim is true of bifilar in the product's place, and says nothing of the product itself. Such verdicts are marked, "
            "and their pages name what stands in for what.")


def index(reports, definitions, claims, judged, history=()):
    lines = ["# Reports", "", INTRODUCTION + (" In two pages: [Stackless or stackful? What we measured](summary.md)." if reports else ""),
             "", *([stand_ins(claims), ""] if reports else [])]
    lines += [" · ".join(f"{sign} {words}: {n}" for sign, words, n in verdicts.tally(judged.values())), "", verdicts.CLOSE, ""]
    if any(report["quick"] for report in reports.values()):
        lines += ["> Quick run: few repetitions, smaller sizes.", ""]
    lines += runs.spaced(runs.failures(reports))
    lines += [f"Rules are in `{all_claims.PLACE}`. "
              "Where a document says about so much, a rule mostly takes half to double for a time and a quarter either way for a size; a range is "
              "taken as printed; and a figure outside fails, also the better one. Where the words say that something is small or much, "
              "the rule is a bound on one side. " + rounds.METHOD +
              (f" {rule_dates.sentence(claims, reports, history)}" if reports else ""), "",
              "What was known when a rule got its present form, where it was anything:", ""]
    lines += [f"- {change}" for change in load(HERE.parent / "rule_changes.json")]
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


def main():
    parser = argparse.ArgumentParser(description="Writes the reports from measured JSON.")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    claims = all_claims.load()
    reports = {name: load(options.data / f"{name}.json") for name in PAGES if (options.data / f"{name}.json").exists()}
    definitions = {name: load(HERE.parent / name / "page.json") for name in reports}
    judged = {claim["id"]: verdicts.judge(claim, reports) for claim in claims}
    for claim in claims:
        if claim["page"] in reports and judged[claim["id"]]["reason"]:
            print(f"claim {claim['id']}: {judged[claim['id']]['reason']}", file=sys.stderr)
    target = options.out / "data"
    target.mkdir(parents=True, exist_ok=True)
    for name, report in reports.items():
        mine = [claim for claim in claims if claim["page"] == name]
        text, pictures = page.make(report, definitions[name], mine, judged, sources.home_from(options.out))
        (options.out / f"{name}.md").write_text(text, encoding="utf-8")
        for file, picture in pictures.items():
            (options.out / file).write_text(picture, encoding="utf-8")
        (target / f"{name}.csv").write_text(table_csv.make(report, definitions[name]), encoding="utf-8")
        source = options.data / f"{name}.json"
        if source.resolve() != (target / source.name).resolve():
            shutil.copyfile(source, target / source.name)
    if reports:
        words = summary.load()
        text = summary.make(words, reports, claims, judged, ratio_chart.write(words, reports, options.out))
        (options.out / "summary.md").write_text(text, encoding="utf-8")
        text, drawing = machines.make(reports)
        (options.out / "machine.md").write_text(text, encoding="utf-8")
        if drawing is not None:
            (options.out / topology.FILE).write_text(drawing, encoding="utf-8")
    entries = load(HERE.parent / "contradictions.json")
    (options.out / "contradictions.md").write_text(contradictions.make(entries, claims, reports), encoding="utf-8")
    (options.out / "tables.md").write_text(tables.make(load(HERE.parent / "tables.json"), claims, reports), encoding="utf-8")
    (options.out / "README.md").write_text(index(reports, definitions, claims, judged, rule_dates.versions()), encoding="utf-8")
    names = ["README", *(["summary"] if reports else []), *reports, "tables", "contradictions", *(["machine"] if reports else [])]
    web.write(options.out, names, sources.home_from(options.out))


if __name__ == "__main__":
    main()
