# Which rules were in the tree before the figures that they judge were measured: the dates of the commits of the claims,
# beside the dates in the data.
import datetime
import json
import pathlib

from base.git import git
from judge import claims as all_claims

FILES = ("experiments/claims.json", "experiments/*/claims.json")  # The first held all of them once.
JUDGES = ("figures", "otherwise", "sound", "rule")  # What of a claim decides its verdict.


def judging(claims):
    return {claim["id"]: {part: claim.get(part) for part in JUDGES} for claim in claims}


def claims_of(commit):
    names = (git("ls-tree", "-r", "--name-only", commit, "experiments/") or "").split("\n")
    files = [name for name in names if pathlib.PurePath(name).name == "claims.json"]
    return all_claims.merged(json.loads(git("show", f"{commit}:{name}")) for name in files)


def versions():
    """[(when it was committed, {claim: what judges it})], the newest first; [] where the history is not whole, or is
    one commit of everything."""
    if (git("rev-parse", "--is-shallow-repository") or "true").strip() != "false":
        return []
    lines = (git("log", "--format=%H %cI", "--", *FILES) or "").split("\n")
    commits = [line.partition(" ") for line in lines if line]
    if len(commits) < 2:
        return []
    return [(datetime.datetime.fromisoformat(when), judging(claims_of(commit))) for commit, _, when in commits]


def since(claim, history):
    """When the claim's rule was committed as it is now, or None if it is not committed."""
    now, found = {part: claim.get(part) for part in JUDGES}, None
    for when, rules in history:
        if rules.get(claim["id"]) != now:
            break
        found = when
    return found


def measured(report):
    """To the minute."""
    return datetime.datetime.strptime(report["machine"]["date"], "%Y-%m-%d %H:%M %Z").replace(tzinfo=datetime.timezone.utc)


def pages_of(claim):
    flat = [path for paths in claim["figures"].values() for path in ([paths] if isinstance(paths, str) else paths)]
    return {path.split("/", 1)[0] for path in flat}


def later(claims, reports, history):
    """([claims with a rule whose figures are here], [those of them that were committed as they are after the first of their
    figures was measured])."""
    judged = [claim for claim in claims if claim.get("rule") and pages_of(claim) and pages_of(claim) <= set(reports)]
    def after(claim):
        committed = since(claim, history)
        return committed is None or committed > min(measured(reports[name]) for name in pages_of(claim))
    return judged, [claim for claim in judged if after(claim)]


def sentence(claims, reports, history):
    if not reports:
        return ""
    if not history:
        return "Which of them precede the figures below is in the history of that file, which was not at hand when this page was made."
    judged, late = later(claims, reports, history)
    numbers = ", ".join(str(claim["id"]) for claim in late)
    if not late:
        return f"By the dates of their commits, all {len(judged)} rules precede the figures below."
    return (f"By the dates of their commits, {len(judged) - len(late)} of {len(judged)} rules precede the figures below. Those of claims "
            f"{numbers} were committed in their present words after some of their figures had been measured: that they were "
            "written first cannot be seen from the history.")
