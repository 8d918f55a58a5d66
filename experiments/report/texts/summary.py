# The summary "Stackless or stackful? What we measured": findings whose words are in experiments/summary.json and whose
# numbers all come from the run. A finding is told only while its condition holds; else it is named at the end.
from judge import findings
from judge import verdict as verdicts
from runs import machines, runs
from texts import templates

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
    """({title, text, links} of each finding that is told, [(name, why)] of those that are not)."""
    found, left_out = [], []
    for entry in entries:
        words, reason = findings.told(entry, reports, ["title", "text"])
        if words is None:
            left_out.append((entry["name"], reason))
        elif len(found) < MOST:
            found.append({**words, "links": links_of(entry, judged)})
    return found, left_out


def choices(entries, reports, judged):
    rows, left_out = [["what you have", "take", "because", "figures"]], []
    for entry in entries:
        words, reason = findings.told(entry, reports, ["when", "take", "because"])
        if words is None:
            left_out.append((entry["name"], reason))
        else:
            rows.append([words["when"], words["take"], words["because"], links_of(entry, judged)])
    return rows, left_out


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
    tally = ", ".join(f"{sign} {verdict}: {n}" for sign, verdict, n in verdicts.tally(results.values()) if n)
    surprises, first = surprises_of(words["findings"], reports, judged)
    table, second = choices(words["choices"], reports, judged)
    picture, third = pictures or ("", [])
    return templates.rendered(
        "summary.md.jinja", title=words["title"], introduction=words["introduction"], measured=measured(reports), count=len(claims), tally=tally,
        close=verdicts.CLOSE if any(result["close"] for result in results.values()) else "",
        quick=any(report["quick"] for report in reports.values()), picture=picture, surprises=surprises, choices=table,
        left_out=absences(first + second + third))
