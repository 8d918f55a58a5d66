# One report page as Markdown: question, claims, method, unit, threats, results, plots, verdicts.
# The words come from experiments/<id>/page.json, the figures from the run.
import re

from base import numbers
from draw import charts
from judge import ahead, interval, noise
from judge import verdict as verdicts
from runs import meanwhile, repeat, seats, sources
from texts import sweeps, taking, templates

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


def rows_of(work):
    """A workload's table, of one size."""
    further = sorted({key for one in work["contenders"] for key in one.get("also", {})})
    rows = [["", f"median, {work['unit']}", "95 % of median", "least to most"] + [key.replace("_", " ") for key in further]]
    for one in work["contenders"]:
        low, high = interval.of(one)
        few = interval.few(one)
        rows.append([one["name"] + seats.mark(one), f"**{numbers.shown(one['median'])}**",
                     interval.words(few) if few else f"{numbers.shown(low)} – {numbers.shown(high)}",
                     f"{numbers.shown(one['least'])} – {numbers.shown(one['most'])}"] +
                    [numbers.shown(one["also"][key]) if key in one.get("also", {}) else "" for key in further])
    return rows


def entry_of(report, definition, works, home):
    """What the template has of a workload: of one size, or of all of them where page.json says that it is a sweep."""
    first = works[0]
    few = [interval.few(one) for work in works for one in work["contenders"] if interval.few(one)]
    if sweeps.wanted(definition, first):
        unit = definition["sizes"][first["id"]]
        title, rows = first["title"], sweeps.rows(works, definition["sweeps"][first["id"]], unit)
        taken = sweeps.sentences(works, unit, lambda work: taking.sentences(work, report))
        refused = sweeps.refusals(works, unit)
    else:
        title, rows, taken = first["title"] + size_of(first, definition), rows_of(first), taking.sentences(first, report)
        refused = [{**one, "at": ""} for one in first.get("refused", [])]
    return {"title": title, "rows": rows, "told": [taken, interval.caution(few), seats.sentence(works, report["machine"])],
            "code": code_of(report, definition, first, home), "again": repeat.workload_command(report, first), "refused": refused}


def results(report, definition, home):
    """The Markdown of all workloads."""
    entries = []
    for work in report["workloads"]:
        works = sweeps.sizes_of(report, work["id"]) if sweeps.wanted(definition, work) else [work]
        if work is works[0]:
            entries.append(entry_of(report, definition, works, home))
    return templates.rendered("figures.md.jinja", works=entries)


def others_ahead(report, definition):
    """Where another runtime takes less: {rows: a table or nothing, count: of how many works}."""
    found, count = ahead.rows(report, definition)
    rows = [["", "other", "its median", "ours", "median", "ours over the other"]]
    for one in found:
        half = f", {one.half}" if one.half else ""
        rows.append([f"{one.work['title']}{size_of(one.work, definition)}{half} ({one.work['unit']})", one.other["name"],
                     numbers.shown(one.other["median"]), one.ours["name"], numbers.shown(one.ours["median"]),
                     f"{numbers.shown(one.ratio)} ({numbers.shown(one.ends[0])} – {numbers.shown(one.ends[1])})"])
    return {"rows": rows if found else [], "count": count}


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


def paragraphs_of(claim, result, machine):
    """What stands under a verdict."""
    figures = ", ".join(f"{name} = {numbers.shown(value)}" for name, value in result["figures"].items())
    told = [f"Measured: {on_this(claim['measured'], machine)}." + (f" Here: {figures}." if figures else ""), rule_of(claim),
            stand_ins(result["instead"]), rounds_of(result["rounds"]),
            basis_of(result["basis"], "Intervals of the other figures" if result["rounds"] else "Intervals")]
    if result["close"]:
        told.append(f"The medians say: {result['verdict']}. Their intervals also allow: {'; '.join(result['close'])}.")
    if result["reason"]:
        told.append(f"Why not: {result['reason']}.")
    if result["lacking"] and result["lacking"] != result["reason"]:
        told.append(f"Not to be had here{'' if claim.get('in_place_of') else ', and not in the verdict'}: {result['lacking']}.")
    return [*filter(None, told), *([on_this(claim["remark"], machine)] if claim.get("remark") else [])]


def facts(report):
    """A table of them, or nothing."""
    refused = report.get("refused_facts", {})
    rows = [[f"`{name}`", numbers.shown(value) if isinstance(value, (int, float)) else str(value)] for name, value in report["facts"].items()]
    rows += [[f"`{name}`", f"not to be had here: {reason}"] for name, reason in refused.items()]
    return [["fact", "value"], *rows] if rows else []


def took(report):
    run = report.get("run")
    return " ".join(filter(None, [noise.sentence(report), f"The page took {run['seconds']:,} s." if run else "", meanwhile.sentence(report)]))


def make(report, definition, claims, judged, home="../experiments"):
    """The page's Markdown and its charts. `home`: the way from the page to the folder of the experiments. Pages that answer
    no claim of the documents have no verdicts."""
    files, pictures = charts.make(report, definition)
    verdicts_of_page = [
        {"claim": claim, "result": result, "sign": verdicts.sign(result), "words": verdicts.words(result) + verdicts.scope(claim, result),
         "quoted": quoted(claim), "paragraphs": paragraphs_of(claim, result, report["machine"])}
        for claim in claims for result in [judged[claim["id"]]]]
    text = templates.rendered(
        "page.md.jinja", page={"argument": None, "unlike": [], **definition}, name=report["id"], quick=report["quick"], pictures=pictures,
        verdicts=verdicts_of_page, ratios=sweeps.largest_rows(report, definition), ahead=others_ahead(report, definition),
        figures=results(report, definition, home), facts=facts(report), machine=report["machine"], took=took(report), home=home,
        again=repeat.command(report))
    return text, files
