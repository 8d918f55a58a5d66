# One report page as Markdown: question, claims, method, unit, threats, results, plots, verdicts.
# The words come from experiments/<id>/page.json, the figures from the run.
import re

from base import numbers
from draw import charts
from judge import ahead, interval, noise
from judge import verdict as verdicts
from runs import meanwhile, repeat, seats, sources
from texts import markdown_table, sweeps, taking

IN_WORDS = {1: "one", 2: "two", 4: "four", 8: "eight"}


def size_of(work, definition):
    """" · 16 tasks", unless the title says it, in digits or in words."""
    unit = definition.get("sizes", {}).get(work["id"])
    if unit is None:
        return ""
    if work["size"] == 1:
        unit = re.sub(r"(?<=\w\w)s\b", "", unit, count=1)
    size = f"{work['size']:,.0f} {unit}"
    in_words = f"{IN_WORDS.get(work['size'], size)} {unit}"
    return "" if size in work["title"] or in_words in work["title"] else f" · {size}"


def code_of(report, definition, work, home):
    code = sources.links(definition, work["id"], home) or f"[experiments/{report['id']}]({home}/{report['id']})"
    others = sources.peers_links(report["id"], definition, work, home)
    return f"Code: {code}{f'; {others}' if others else ''}."


def results(report, definition, home):
    parts = []
    for work in report["workloads"]:
        if sweeps.wanted(definition, work):
            works = sweeps.sizes_of(report, work["id"])
            if work is works[0]:
                parts.append(sweep(report, definition, works, home))
            continue
        further = sorted({key for one in work["contenders"] for key in one.get("also", {})})
        rows = [["", f"median, {work['unit']}", "95 % of median", "least to most"] +
                [key.replace("_", " ") for key in further]]
        for one in work["contenders"]:
            low, high = interval.of(one)
            few = interval.few(one)
            rows.append([one["name"] + seats.mark(one), f"**{numbers.shown(one['median'])}**",
                         interval.words(few) if few else f"{numbers.shown(low)} – {numbers.shown(high)}",
                         f"{numbers.shown(one['least'])} – {numbers.shown(one['most'])}"] +
                        [numbers.shown(one["also"][key]) if key in one.get("also", {}) else "" for key in further])
        notes = "".join(f"\nNot measured here: {one['name']}: {one['reason']}.\n" for one in work.get("refused", []))
        place = seats.sentence([work], report["machine"])
        caution = interval.caution([interval.few(one) for one in work["contenders"] if interval.few(one)])
        parts.append(f"### {work['title']}{size_of(work, definition)}\n\n{markdown_table.table(rows)}\n\n"
                     f"{taking.sentences(work, report)} "
                     f"{caution + ' ' if caution else ''}"
                     f"{place + ' ' if place else ''}"
                     f"{code_of(report, definition, work, home)} Again: `{repeat.workload_command(report, work)}`.\n{notes}")
    return "\n".join(parts)


def sweep(report, definition, works, home):
    """One table of all sizes of a workload."""
    first = works[0]
    unit = definition["sizes"][first["id"]]
    made = markdown_table.table(sweeps.rows(works, definition["sweeps"][first["id"]], unit, numbers.shown, seats.mark))
    caution = interval.caution([interval.few(one) for work in works for one in work["contenders"] if interval.few(one)])
    told = [sweeps.sentences(works, unit, lambda work: taking.sentences(work, report)), caution,
            seats.sentence(works, report["machine"]), code_of(report, definition, first, home),
            f"Again: `{repeat.workload_command(report, first)}`."]
    return f"### {first['title']}\n\n{made}\n\n{' '.join(filter(None, told))}\n{sweeps.refusals(works, unit)}"


def argument(definition):
    """What the page argues from its figures, where it does: {title, text: [paragraphs]}."""
    if "argument" not in definition:
        return ""
    return "\n\n".join([f"## {definition['argument']['title']}", *definition["argument"]["text"], "", ""])


def others_ahead(report, definition):
    """Where another runtime takes less; empty where none did the same work."""
    found, count = ahead.rows(report, definition)
    if not count:
        return ""
    unlike = definition.get("unlike", [])
    lines = ["## Where another runtime is ahead", "",
             "Of each work the faster of our models beside the fastest of the other runtimes, where the interval of their ratio, round by "
             "round, leaves no doubt." + (f" Without {', '.join(unlike)}, to which nothing of the others corresponds." if unlike else ""), ""]
    if not found:
        return "\n".join([*lines, f"Nowhere, in {count} comparisons.", "", ""])
    rows = [["", "other", "its median", "ours", "median", "ours over the other"]]
    for one in found:
        half = f", {one.half}" if one.half else ""
        rows.append([f"{one.work['title']}{size_of(one.work, definition)}{half} ({one.work['unit']})", one.other["name"],
                     numbers.shown(one.other["median"]), one.ours["name"], numbers.shown(one.ours["median"]),
                     f"{numbers.shown(one.ratio)} ({numbers.shown(one.ends[0])} – {numbers.shown(one.ends[1])})"])
    return "\n".join([*lines, markdown_table.table(rows), "", f"{len(found)} of {count} comparisons.", "", ""])


def verbatim(words):
    """A saying as code, also where it has backticks itself, and without bars, which would end a table's cell."""
    words = words.strip().strip("|").strip().replace("|", "·")
    return f"`` {words} ``" if "`" in words else f"`{words}`"


def sayings(claim):
    """All lines of the claim's quotation, since the verdict is of all."""
    words = claim["quotation"] if isinstance(claim["quotation"], list) else [claim["quotation"]]
    return "<br>".join(verbatim(one) for one in words)


def quoted(claim):
    return f"**{claim['id']}.** {sayings(claim)} — {claim['document_name']}"


def rule_of(claim):
    if not claim.get("rule"):
        return "No rule: nothing of it can be measured here."
    return (f"Rule: holds if `{claim['rule']['holds']}`" +
            (f"; holds partly if `{claim['rule']['partly']}`" if claim["rule"].get("partly") else "") + ".")


def basis_of(counts, of="Intervals"):
    """What the intervals of a verdict are, by {name: [repetitions of its figures]}. `of`: which ones, in words."""
    least = {name: min((n for n in several if n), default=0) for name, several in counts.items()}
    none = [name for name, count in least.items() if count == 0]
    few = {}
    for name, count in least.items():
        if 0 < count < interval.FEWEST:
            few.setdefault(count, []).append(name)
    parts = ["95 % of each median"] if any(count >= interval.FEWEST for count in least.values()) else []
    parts += [interval.words(count) + (f" ({interval.place(count)[1] * 100:.0f} %)" if count > 1 else ", which has none") +
              f": {', '.join(names)}" for count, names in sorted(few.items())]
    parts += [f"none, being counts, sizes or further figures of which the run kept the median alone: {', '.join(none)}"] if none else []
    return f"{of}: {'; '.join(parts)}." if parts else ""


def rounds_of(several):
    """What a rule compares in rounds, {words, median, ends, count} each, with the interval of its median."""
    parts = []
    for one in several:
        low, high = one["ends"]
        few = f", {interval.words(one['count'])}" if one["count"] < interval.FEWEST else ""
        parts.append(f"`{one['words']}` = {numbers.shown(one['median'])} ({numbers.shown(low)} – {numbers.shown(high)}{few})")
    return f"In rounds, each the median of all rounds with its 95 %: {'; '.join(parts)}." if parts else ""


def stand_ins(places):
    """Of a quick run: {name: the path or paths of the smaller size that stands in}."""
    parts = [f"{name} is `{'`, `'.join([place] if isinstance(place, str) else place)}`" for name, place in places.items()]
    return f"A smaller size stands in, for this run is a quick one: {'; '.join(parts)}." if parts else ""


def on_this(words, machine):
    """The words with the machine's processor where they name {processor}."""
    return words.replace("{processor}", machine.get("processor", "an unknown processor"))


def judgement(claim, result, machine):
    figures = ", ".join(f"{name} = {numbers.shown(value)}" for name, value in result["figures"].items())
    between = " is " if result["close"] else ": "
    lines = [f'<a id="claim-{claim["id"]}"></a>', "",
             f"### {verdicts.sign(result)} Claim {claim['id']}{between}{verdicts.words(result)}{verdicts.scope(claim, result)}", "",
             f"> {quoted(claim)}", "",
             f"Measured: {on_this(claim['measured'], machine)}." + (f" Here: {figures}." if figures else ""), "",
             rule_of(claim), ""]
    for words in (stand_ins(result["instead"]), rounds_of(result["rounds"]),
                  basis_of(result["basis"], "Intervals of the other figures" if result["rounds"] else "Intervals")):
        lines += [words, ""] if words else []
    if result["close"]:
        lines += [f"The medians say: {result['verdict']}. Their intervals also allow: {'; '.join(result['close'])}.", ""]
    if result["reason"]:
        lines += [f"Why not: {result['reason']}.", ""]
    if result["lacking"] and result["lacking"] != result["reason"]:
        lines += [f"Not to be had here{'' if claim.get('in_place_of') else ', and not in the verdict'}: {result['lacking']}.", ""]
    if claim.get("remark"):
        lines += [on_this(claim["remark"], machine), ""]
    return "\n".join(lines)


def facts(report):
    refused = report.get("refused_facts", {})
    if not report["facts"] and not refused:
        return ""
    rows = [["fact", "value"]] + [[f"`{name}`", numbers.shown(value) if isinstance(value, (int, float)) else str(value)]
                                  for name, value in report["facts"].items()]
    rows += [[f"`{name}`", f"not to be had here: {reason}"] for name, reason in refused.items()]
    return "### Sizes and counts\n\n" + markdown_table.table(rows) + "\n"


def took(report):
    run = report.get("run")
    return " ".join(filter(None, [f"The page took {run['seconds']:,} s." if run else "", meanwhile.sentence(report)]))


def make(report, definition, claims, judged, home="../experiments"):
    """The page's Markdown and its charts. `home`: the way from the page to the folder of the experiments."""
    pictures, picture_lines = charts.make(report, definition)
    name = report["id"]
    machine = report["machine"]
    # Pages that answer no claim of the documents have no verdicts.
    verdict_lines = "\n".join(["## Verdicts", ""] + [judgement(claim, judged[claim["id"]], machine) for claim in claims] + [""]) if claims else ""
    mode = ("\n> Quick run: few repetitions, smaller sizes. The committed reports come from a full run.\n"
            if report["quick"] else "")
    text = f"""# {definition['title']}
{mode}
**Question.** {definition['question']}

**Unit.** {definition['unit']}

**Method.** {definition['method']}

**Threats.** {definition['threats']}

## Result in pictures

{picture_lines}
{verdict_lines}{sweeps.summary(report, definition, numbers.shown, markdown_table.table_of_words)}{argument(definition)}{others_ahead(report, definition)}## Figures

{results(report, definition, home)}
{facts(report)}
## Machine

{machine['processor']}, {machine['processors']} processors{', virtual' if machine['hypervisor'] else ''}, {machine['kernel']}, \
{machine['compiler']}, {machine['build']}; {machine['date']}. Hardware counters: {machine['hardware_counters']}
{" ".join(filter(None, [noise.sentence(report), took(report)]))} Everything about the machine, and how the noise is measured: [machine.md](machine.md). Raw figures: [data/{name}.json](data/{name}.json), as a table \
[data/{name}.csv](data/{name}.csv). Code: [experiments/{name}]({home}/{name}).
To measure it again: `{repeat.command(report)}`.
"""
    return text, pictures
