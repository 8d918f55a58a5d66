# Turns measured JSON into the reports: pages, pictures, contradictions, machine description, index.
#   ./python make.py --data DIR --out DIR
# The index covers every claim, also those whose page was not measured in this run.
import argparse
import json
import pathlib
import shutil
import sys

from base import written
from draw import ratio_chart, topology
from judge import claims as all_claims
from judge import rule_dates
from judge import verdict as verdicts
from runs import sources
from texts import contradictions, index, machine, page, summary, table_csv, tables, web


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description="Writes the reports from measured JSON.")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    claims = all_claims.load()
    reports = {name: load(options.data / f"{name}.json") for name in index.PAGES if (options.data / f"{name}.json").exists()}
    definitions = {name: written.page(name) for name in reports}
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
        words = written.summary()
        text = summary.make(words, reports, claims, judged, ratio_chart.write(words, reports, options.out))
        (options.out / "summary.md").write_text(text, encoding="utf-8")
        text, drawing = machine.make(reports)
        (options.out / "machine.md").write_text(text, encoding="utf-8")
        if drawing is not None:
            (options.out / topology.FILE).write_text(drawing, encoding="utf-8")
    (options.out / "contradictions.md").write_text(contradictions.make(written.contradictions(), claims, reports), encoding="utf-8")
    (options.out / "tables.md").write_text(tables.make(written.tables(), claims, reports), encoding="utf-8")
    (options.out / "README.md").write_text(index.make(reports, definitions, claims, judged, rule_dates.versions()), encoding="utf-8")
    names = ["README", *(["summary"] if reports else []), *reports, "tables", "contradictions", *(["machine"] if reports else [])]
    web.write(options.out, names, sources.home_from(options.out))


if __name__ == "__main__":
    main()
