# Claims and their rules: looks up the figures that a rule names, evaluates it, and gives the verdict.
from judge import expressions, interval_rule, readings, rounds
from judge.outcomes import FAILS, HOLDS, NOT_HERE, NOT_RUN, PARTLY, SIGN

CLOSE_SIGN = "🟠"
CLOSE = ("A verdict is close when the intervals of the figures in its rule allow more than one: then those are named, and it "
         "counts as none of them.")


def stand_in(claim, reports, name):
    """The smaller size that stands in for a figure where a quick run stops earlier, or None. A full run has none: the claim's
    words name the size, and what was refused there was not measured."""
    paths = claim["figures"][name]
    pages = {path.split("/", 1)[0] for path in ([paths] if isinstance(paths, str) else paths)}
    quick = any(reports.get(page, {}).get("quick") for page in pages)
    return claim.get("otherwise", {}).get(name) if quick else None


def first_to_be_had(reports, choices):
    """The first place whose number there is, and the number. Throws what the last one lacks."""
    for place in choices:
        try:
            return place, readings.value(reports, place)
        except readings.missing as absence:
            last = absence
    raise last


def places_of(claim, reports):
    """({name: the path or paths whose number there is}, {name: that number}) of the claim's figures. Throws missing, with
    what was found until then."""
    places, values = {}, {}
    for name, paths in claim["figures"].items():
        smaller = stand_in(claim, reports, name)
        try:
            places[name], values[name] = first_to_be_had(reports, [paths] if smaller is None else [paths, smaller])
        except readings.missing as absence:
            raise readings.missing(absence.reason, absence.verdict, values)
    return places, values


def lacking(claim):
    """What of the claim nobody can measure here, each part with its reason."""
    return "; ".join(f"{part}: {reason}" for part, reason in claim.get("cannot", {}).items())


def decided(claim, values):
    """(verdict, why there is none) that these values give."""
    condition = claim.get("sound")  # What the figures must show before they can tell anything.
    try:
        if condition and not expressions.evaluate(condition["if"], values):
            return NOT_HERE, condition["else"]
        if expressions.evaluate(claim["rule"]["holds"], values):
            return HOLDS, ""
        if claim["rule"].get("partly") and expressions.evaluate(claim["rule"]["partly"], values):
            return PARTLY, ""
        return FAILS, ""
    except ZeroDivisionError:
        return NOT_HERE, "a figure that the rule divides by is zero"


def others(claim, intervals, verdict):
    """The other verdicts that the figures' intervals allow, in the order of SIGN."""
    found = interval_rule.verdicts_of(claim, intervals)
    return [one for one in SIGN if one in found and one != verdict]


def basis(reports, places):
    """{name: [repetitions of each of its figures]}."""
    return {name: [readings.measured(reports, path)[3] for path in ([paths] if isinstance(paths, str) else paths)]
            for name, paths in places.items()}


def judge(claim, reports):
    """{verdict, figures: {name: value}, reason, lacking, close: the other verdicts that the intervals allow, basis: {name:
    repetitions}, rounds: what was worked out in rounds, instead: {name: the smaller size that stands in}} of one claim."""
    def result(verdict, figures, reason="", **more):
        return {"verdict": verdict, "figures": figures, "reason": reason, "lacking": lacking(claim), "close": [], "basis": {},
                "rounds": [], "instead": {}, **more}

    if not claim["figures"] and claim.get("cannot"):  # There is nothing that a rule could judge.
        return result(NOT_HERE, {}, lacking(claim))
    if not claim.get("rule", {}).get("holds"):
        raise SystemExit(f"claim {claim.get('id')} has no rule; write one to its page's claims.json before it is measured")
    try:
        places, values = places_of(claim, reports)
    except readings.missing as absence:
        return result(absence.verdict, absence.values, absence.reason)
    intervals = {name: readings.ends(reports, place) for name, place in places.items()}
    made, found = rounds.rewritten(claim, places, reports)
    verdict, reason = decided(made, {**values, **{name: one["median"] for name, one in found.items()}})
    close = others(made, {**intervals, **{name: one["ends"] for name, one in found.items()}}, verdict)
    in_rounds = rounds.names_of(claim) - rounds.names_of(made)
    return result(verdict, values, reason, close=close, rounds=list(found.values()),
                  basis=basis(reports, {name: place for name, place in places.items() if name not in in_rounds}),
                  instead={name: place for name, place in places.items() if place != claim["figures"][name]})


def allowed(result):
    """The verdict and the others that the intervals allow, from the best one on."""
    return [one for one in SIGN if one == result["verdict"] or one in result["close"]]


def words(result):
    """The verdict or, where it is close, all that it may be."""
    return f"close: {' or '.join(allowed(result))}" if result["close"] else result["verdict"]


def scope(claim, result):
    """What stands behind the words of a verdict that was given: of what it is, where not of all that the claim names."""
    if result["verdict"] in (NOT_HERE, NOT_RUN):
        return ""
    if claim.get("in_place_of"):
        return f", with bifilar in {claim['in_place_of']}'s place"
    return ", of what can be had here" if result["lacking"] else ""


def sign(result):
    return CLOSE_SIGN if result["close"] else SIGN[result["verdict"]]


def tally(results):
    """[(sign, words, how many)]: every verdict that is decided, then the close ones by what they lie between."""
    results = list(results)
    decided_ones = [(SIGN[one], one, sum(1 for r in results if r["verdict"] == one and not r["close"])) for one in SIGN]
    between = {}
    for result in results:
        if result["close"]:
            key = tuple(list(SIGN).index(one) for one in allowed(result))
            between.setdefault(key, []).append(words(result))
    return decided_ones + [(CLOSE_SIGN, between[key][0], len(between[key])) for key in sorted(between)]
