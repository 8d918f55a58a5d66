# Turns measured JSON into the reports: pages, pictures, machine description, index.
#   python3 make.py --data DIR --out DIR
# The index covers every claim, also those whose page was not measured in this run.
import argparse
import json
import pathlib
import shutil
import sys

import page
import verdict as verdicts

HERE = pathlib.Path(__file__).resolve().parent
PAGES = ["memory", "switch", "cache", "spawn", "operations", "channels", "senders", "timers", "io", "http",
         "connections", "micro", "portability"]


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def machine_page(machine):
    rows = [["what", "here"]]
    for name, value in machine.items():
        rows.append([name.replace("_", " "), "<br>".join(value) if isinstance(value, list) else str(value)])
    return "# The machine\n\n" + page.table(rows).replace("---:", "---") + "\n"


def index(reports, definitions, claims, judged):
    lines = ["# Reports", "", "What the documents claim, measured. Each page gives the question, the method, its threats, "
             "the figures and the rule of every verdict.", ""]
    if any(report["quick"] for report in reports.values()):
        lines += ["> Quick run: few repetitions, smaller sizes.", ""]
    lines += ["Rules are in `experiments/claims.json`. Those of claims 24, 27, 28 and 38 to 40 were sharpened after a first, "
              "discarded run had shown what they would have measured; all precede the figures below.", ""]
    count = {sign: sum(1 for r in judged.values() if r["verdict"] == sign) for sign in verdicts.SIGN}
    lines += [" · ".join(f"{verdicts.SIGN[v]} {v}: {n}" for v, n in count.items()), "",
              "| page | question |", "|---|---|"]
    for name in PAGES:
        if name in reports:
            lines.append(f"| [{definitions[name]['title']}]({name}.md) | {definitions[name]['question']} |")
    lines += ["", "| | claim | document | page | verdict |", "|---|---|---|---|---|"]
    for claim in claims:
        result = judged[claim["id"]]
        where = f"[{claim['page']}]({claim['page']}.md)" if claim["page"] in reports else claim["page"]
        words = claim["quotation"] if isinstance(claim["quotation"], str) else claim["quotation"][0]
        words = words.strip().strip("|").strip().replace("|", "·")
        lines.append(f"| {verdicts.SIGN[result['verdict']]} | {claim['id']}. `{words}` | {claim['document_name']} | {where} | "
                     f"{result['verdict']} |")
    lines += ["", "The machine: [machine.md](machine.md). Raw figures: [data](data).", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Writes the reports from measured JSON.")
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    claims = load(HERE.parent / "claims.json")
    reports = {name: load(options.data / f"{name}.json") for name in PAGES if (options.data / f"{name}.json").exists()}
    definitions = {name: load(HERE.parent / name / "page.json") for name in PAGES}
    judged = {claim["id"]: verdicts.judge(claim, reports) for claim in claims}
    for claim in claims:
        if claim["page"] in reports and judged[claim["id"]]["reason"]:
            print(f"claim {claim['id']}: {judged[claim['id']]['reason']}", file=sys.stderr)
    target = options.out / "data"
    target.mkdir(parents=True, exist_ok=True)
    for name, report in reports.items():
        mine = [claim for claim in claims if claim["page"] == name]
        text, pictures = page.make(report, definitions[name], mine, judged)
        (options.out / f"{name}.md").write_text(text, encoding="utf-8")
        for file, picture in pictures.items():
            (options.out / file).write_text(picture, encoding="utf-8")
        source = options.data / f"{name}.json"
        if source.resolve() != (target / source.name).resolve():
            shutil.copyfile(source, target / source.name)
    if reports:
        (options.out / "machine.md").write_text(machine_page(list(reports.values())[-1]["machine"]), encoding="utf-8")
    (options.out / "README.md").write_text(index(reports, definitions, claims, judged), encoding="utf-8")


if __name__ == "__main__":
    main()
