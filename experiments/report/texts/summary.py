# The summary "Stackless or stackful? What we measured": findings whose words are in experiments/summary.json and whose
# numbers all come from the run. A finding is told only while its condition holds; else it is named at the end.
import json

from base import places
from judge import findings
from judge import verdict as verdicts
from runs import machines, runs
from texts import markdown_table

MOST = 10  # Findings that are told; those behind them stand in for what is left out.


def links_of(entry, judged):
    """Links to the pages that the figures are from, and to the claims that they judge."""
    pages = dict.fromkeys(path.split("/", 1)[0] for path in entry["figures"].values())
    links = [f"[{name}]({name}.md)" for name in pages]
    for claim in entry.get("claims", []):
        if claim in judged:
            links.append(f"{verdicts.sign(judged[claim])} [claim {claim}]({judged[claim]['page']}.md#claim-{claim})"
                         + (" (close)" if judged[claim]["close"] else ""))
    return ", ".join(links)


def surprises_of(entries, reports, judged):
    lines, left_out, count = [], [], 0
    for entry in entries:
        words, reason = findings.told(entry, reports, ["title", "text"])
        if words is None:
            left_out.append((entry["name"], reason))
        elif count < MOST:
            count += 1
            lines += [f"**{count}. {words['title']}** {words['text']} ({links_of(entry, judged)})", ""]
    return lines, left_out


def choices(entries, reports, judged):
    rows, left_out = [["what you have", "take", "because", "figures"]], []
    for entry in entries:
        words, reason = findings.told(entry, reports, ["when", "take", "because"])
        if words is None:
            left_out.append((entry["name"], reason))
        else:
            rows.append([words["when"], words["take"], words["because"], links_of(entry, judged)])
    return markdown_table.table_of_words(rows), left_out


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
    surprises, first = surprises_of(words["findings"], reports, judged)
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
    return json.loads((places.EXPERIMENTS / "summary.json").read_text(encoding="utf-8"))
