# The reports of a run, of a folder with measured JSON or of a git revision.
import json
import pathlib

from base.git import git


class refused(Exception):
    """Wrong use, in a sentence that names the remedy."""


def parsed(name, text):
    try:
        report = json.loads(text)
        return report if isinstance(report, dict) and "workloads" in report else None
    except json.JSONDecodeError as error:
        raise refused(f"{name} is no JSON ({error}); make it again with experiments/run") from None


def from_folder(folder):
    inner = folder / "data" if (folder / "data").is_dir() else folder
    return {path.stem: parsed(path, path.read_text(encoding="utf-8")) for path in sorted(inner.glob("*.json"))}


def from_revision(revision):
    listing = git("ls-tree", "--name-only", f"{revision}:reports/data")
    if listing is None:
        known = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is not None
        raise refused(f"the revision {revision} has no folder reports/data" if known else
                      f"'{revision}' is neither a folder nor a git revision; name a folder with measured JSON or a commit")
    names = [name for name in listing.split("\n") if name.endswith(".json")]
    return {name[:-5]: parsed(f"{revision}:reports/data/{name}", git("show", f"{revision}:reports/data/{name}"))
            for name in names}


def load(place):
    """{page: report} of a folder, of a folder of reports, or of a git revision."""
    folder = pathlib.Path(place)
    reports = from_folder(folder) if folder.is_dir() else from_revision(place)
    reports = {name: report for name, report in reports.items() if report is not None}
    if not reports:
        raise refused(f"{place} has no measured JSON; experiments/run writes it to reports/data")
    return reports
