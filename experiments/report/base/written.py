# The JSON that is written by hand: page.json and claims.json of each page, tables.json, contradictions.json, summary.json.
# A key that nobody reads is refused, for it is one that was misspelt.
import json

from base import places

NAMED = "…"  # Stands for all names of a dictionary whose names are the writer's own.
VALUE = None  # A word, a number, or a list of them.
NAMES = {NAMED: VALUE}
SERIES = {"figures": NAMES, "if": NAMES}

PAGE = {
    "title": VALUE, "question": VALUE, "unit": VALUE, "method": VALUE, "threats": VALUE, "sizes": NAMES, "code": NAMES, "peers_code": NAMES,
    "sweeps": NAMES, "unlike": VALUE, "argument": {"title": VALUE, "text": VALUE},
    "charts": [{name: VALUE for name in ("kind", "workloads", "size", "title", "x", "y", "file", "figure", "from", "bytes", "log_x", "log_y",
                                         "without")}]}
CLAIMS = [{
    "id": VALUE, "page": VALUE, "quotation": VALUE, "document": VALUE, "document_name": VALUE, "where": VALUE, "in_place_of": VALUE,
    "measured": VALUE, "remark": VALUE, "figures": NAMES, "otherwise": NAMES, "cannot": NAMES, "sound": {"if": VALUE, "else": VALUE},
    "rule": {"holds": VALUE, "partly": VALUE}}]
LACKING = {"claim": VALUE, "part": VALUE}
TABLES = [{
    "id": VALUE, "title": VALUE, "document": VALUE, "document_name": VALUE, "where": VALUE, "note": VALUE, "head": VALUE, "today": VALUE,
    "lacking": NAMES, "rows": [{"printed": VALUE, "beside": VALUE, "today": VALUE, "absent": LACKING, "lacking": LACKING}]}]
CONTRADICTIONS = [{
    "id": VALUE, "about": VALUE, "figures": NAMES, "figures_of_claim": VALUE, "derived": NAMES, "source": VALUE,
    "resolution": [{"if": VALUE, "say": VALUE}],
    "sayings": [{"quotation": VALUE, "document": VALUE, "document_name": VALUE, "where": VALUE}]}]
SUMMARY = {
    "title": VALUE, "introduction": VALUE, "chart": VALUE, "ratios": [{"name": VALUE, "figures": NAMES}],
    "findings": [{"name": VALUE, "title": VALUE, "text": VALUE, "figures": NAMES, "if": VALUE, "series": SERIES, "claims": VALUE}],
    "choices": [{"name": VALUE, "when": VALUE, "take": VALUE, "because": VALUE, "figures": NAMES, "if": VALUE, "series": SERIES,
                 "claims": VALUE}]}


def unknown(value, shape, place=""):
    """(where it is, the keys that are known there) of each key in `value` that `shape` has not."""
    found = []
    if isinstance(value, list) and isinstance(shape, list):
        for at, one in enumerate(value):
            found += unknown(one, shape[0], f"{place}[{at}]")
    elif isinstance(value, dict):
        known = shape if isinstance(shape, dict) else {}
        for key, one in value.items():
            where = f"{place}.{key}" if place else key
            if key not in known and NAMED not in known:
                found.append((where, list(known)))
            else:
                found += unknown(one, known.get(key, known.get(NAMED)), where)
    return found


def load(file, shape):
    """What stands in the file; ends the program where a key is not known."""
    value = json.loads(file.read_text(encoding="utf-8"))
    name = file.relative_to(places.ROOT) if file.is_relative_to(places.ROOT) else file
    if faults := unknown(value, shape):
        raise SystemExit("\n".join(f"{name}: {where} is a key that nobody reads; known there: {', '.join(known) or 'none'}"
                                   for where, known in faults))
    return value


def page(name):
    return load(places.EXPERIMENTS / name / "page.json", PAGE)


def tables():
    return load(places.EXPERIMENTS / "tables.json", TABLES)


def contradictions():
    return load(places.EXPERIMENTS / "contradictions.json", CONTRADICTIONS)


def summary():
    return load(places.EXPERIMENTS / "summary.json", SUMMARY)
